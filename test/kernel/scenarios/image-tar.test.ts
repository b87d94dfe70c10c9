import { closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from "node:fs"
import { gzipSync } from "node:zlib"
import * as assert from "uvu/assert"
import { boxes, execIn, makeTar, store } from "../../support/image-lab.ts"
import { expectConverged, expectStatus, live, planOf, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import type { TarEntry } from "../../support/tar-bytes.ts"
import { tarBytes } from "../../support/tar-bytes.ts"

const applied = (sandbox: Sandbox, file: string) => expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 0)
const cat = (sandbox: Sandbox, file: string, name: string, path: string) => sandbox.stack(execIn(file, name, "cat", path)).stdout

for (const [name, option, program] of [
  ["root.tar"],
  ["root.tar.gz", "-z"],
  ["root.tar.xz", "-J", "xz"],
  ["root.tar.zst", "--zstd", "zstd"],
] as const) {
  scenario(
    `${name}: unpacked once, and kept when the stack goes`,
    (sandbox) => {
      makeTar(sandbox, name, { options: option === undefined ? [] : [option] })
      const file = sandbox.file("stack.yaml", boxes(`tar:./${name}`, ", user: alice"))
      const planned = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
      assert.match(planned, `+ image.tar:${sandbox.work}/${name}`)
      assert.match(planned, /digest: sha256:[0-9a-f]{64}/)
      assert.equal(store(sandbox, ""), [], "a plan writes nothing")
      assert.match(applied(sandbox, file).stderr, /image\.tar:.*: unpacked/)
      expectConverged(sandbox, file)
      assert.is(expectStatus(sandbox.stack(execIn(file, "one", "sh", "-c", "cat /etc/mark; id -u")), 0).stdout, "image\n1001\n")
      expectStatus(sandbox.stack(["exec", "-u", "0", "-f", file, "one", "--", "sh", "-c", "echo mine > /etc/mark"]), 0)
      assert.equal([cat(sandbox, file, "one", "/etc/mark"), cat(sandbox, file, "two", "/etc/mark")], ["mine\n", "image\n"])
      assert.equal([store(sandbox, "layers").length, store(sandbox, "unpacking")], [1, []])
      expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
      assert.is(store(sandbox, "layers").length, 1)
      assert.match(applied(sandbox, file).stdout, /2 added/, "it is there already")
    },
    ["busybox", ...(program === undefined ? [] : [program])],
  )
}

scenario(
  "another archive under the same name: what runs of it is replaced, when it is there",
  (sandbox) => {
    makeTar(sandbox, "root.tar")
    const file = sandbox.file("stack.yaml", boxes("tar:./root.tar"))
    applied(sandbox, file)
    makeTar(sandbox, "root.tar", { mark: "second\n" })
    const { changes } = planOf(sandbox, file)
    assert.equal(changes.map(({ actions }) => actions.join("+")).sort(), ["delete+create", "delete+create", "update"])
    applied(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(cat(sandbox, file, "one", "/etc/mark"), "second\n")
    assert.is(store(sandbox, "layers").length, 2)
    const { init } = live(sandbox, "img", "one")
    truncateSync(`${sandbox.work}/root.tar`, 700_000)
    const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
    assert.match(ran.stderr, /stack\.yaml:4:\d+: error: .*root\.tar was cut short/)
    assert.is(live(sandbox, "img", "one").init, init, "what runs goes on")
    assert.equal([store(sandbox, "layers").length, store(sandbox, "unpacking")], [2, []])
  },
  ["busybox"],
)

scenario(
  "a layer that somebody has taken away is unpacked again",
  (sandbox) => {
    makeTar(sandbox, "root.tar")
    const file = sandbox.file("stack.yaml", boxes("tar:./root.tar"))
    applied(sandbox, file)
    sandbox.run(["sh", "-c", "rm -rf /var/lib/stack/images/layers/*/tree"])
    assert.equal(
      planOf(sandbox, file)
        .changes.filter(({ actions }) => !actions.includes("no-op"))
        .map(({ address, actions }) => `${address} ${actions}`),
      [`image.tar:${sandbox.work}/root.tar create`],
    )
    applied(sandbox, file)
    expectConverged(sandbox, file)
  },
  ["busybox"],
)

scenario(
  "import --live spells the image without its digest",
  (sandbox) => {
    makeTar(sandbox, "root.tar")
    applied(sandbox, sandbox.file("stack.yaml", boxes("tar:./root.tar")))
    const { stdout, stderr } = expectStatus(sandbox.stack(["import", "--live", "-p", "img"]), 0)
    assert.match(stdout, `image: tar:${sandbox.work}/root.tar\n`)
    assert.is(stderr, "")
  },
  ["busybox"],
)

// ------------------------------------------------------------------ bad archives

const SOUND: TarEntry[] = [{ name: "etc/", type: "5", mode: 0o755 }]
const BAD: readonly (readonly [what: string, bytes: () => Uint8Array, says: RegExp])[] = [
  ["nothing", () => new Uint8Array(), /is no tar archive, or was cut short/],
  ["a few words", () => Buffer.from("not one of ours\n"), /is no tar archive, or was cut short/],
  ["no tar", () => Buffer.from("no tar at all".repeat(100)), /is no tar archive, or damaged/],
  ["cut short", () => tarBytes([...SOUND, { name: "a", body: "x".repeat(2000) }]).subarray(0, 1700), /was cut short/],
  ["without its end", () => tarBytes(SOUND, false), /was cut short/],
  ["a gzip that is cut short", () => gzipSync(Buffer.concat([tarBytes(SOUND), Buffer.alloc(9999, 7)])).subarray(0, 60), /was cut short/],
  ["bzip2", () => Buffer.from("BZh91AY&SY"), /cannot be decompressed/],
  ["dots", () => tarBytes([{ name: "../../escaped" }]), /leads out of it[\s\S]*escaped/],
  ["dots in the middle", () => tarBytes([{ name: "etc/../../escaped" }]), /leads out of it/],
  ["a hard link out", () => tarBytes([{ name: "h", type: "1", link: "../../../etc/passwd" }]), /leads out of it/],
  ["a hard link to the host", () => tarBytes([{ name: "h", type: "1", link: "/etc/shadow" }]), /hard link to what is not in it/],
  [
    "through a symbolic link",
    () => tarBytes([{ name: "up", type: "2", link: "../../../../../../../../tmp" }, { name: "up/../../escaped" }]),
    /leads out of it/,
  ],
  ["a file as large as none", () => gzipSync(tarBytes([{ name: "big", size: 2 ** 32 }])), /becomes much larger/],
  ["a sparse file", () => tarBytes([{ name: "s", type: "S" }]), /sparse file/],
  ["/proc a link", () => tarBytes([{ name: "proc", type: "2", link: "/etc" }]), /\/proc is a symbolic link/],
  ["/dev a link", () => tarBytes([{ name: "dev", type: "2", link: "." }]), /\/dev is a symbolic link/],
  ["/sys a link", () => tarBytes([{ name: "./sys", type: "2", link: "/" }]), /\/sys is a symbolic link/],
  ["a wrong checksum", () => tarBytes(SOUND).fill(0x41, 0, 4), /is no tar archive, or damaged/],
]

/** What the bad archives would have made, wherever they had got to. */
const escaped = (sandbox: Sandbox) => sandbox.run(["sh", "-c", "find / -xdev -maxdepth 8 -name escaped 2>/dev/null"]).stdout

scenario("bad archives: a diagnostic each, and nothing left", (sandbox) => {
  for (const [what, bytes, says] of BAD) {
    writeFileSync(`${sandbox.work}/bad.tar`, bytes())
    const file = sandbox.file("stack.yaml", boxes("tar:./bad.tar"))
    const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
    assert.match(ran.stderr, says, what)
    assert.match(ran.stderr, /stack\.yaml:4:\d+: error: /, what)
    assert.equal(
      [store(sandbox, "layers"), store(sandbox, "images"), store(sandbox, "refs"), store(sandbox, "unpacking")],
      [[], [], [], []],
      what,
    )
    assert.is(
      sandbox.run(["ls", "/run/stack/img"]).stdout,
      "lock\n".repeat(sandbox.run(["ls", "/run/stack/img"]).stdout === "" ? 0 : 1),
      what,
    )
  }
  assert.is(escaped(sandbox), "")
})

scenario("no such archive: told at the key, by plan already", (sandbox) => {
  const file = sandbox.file("stack.yaml", boxes("tar:./nowhere.tar"))
  assert.match(
    expectStatus(sandbox.stack(["plan", "-f", file]), 1).stderr,
    /stack\.yaml:4:\d+: error: image tar:.*nowhere\.tar is not there/,
  )
})

scenario(
  "what a killed unpacking has left goes with the next one",
  (sandbox) => {
    const path = makeTar(sandbox, "root.tar")
    // Large enough to be caught at it.
    const fd = openSync(path, "a")
    const whole = readFileSync(path)
    const end = whole.length - 1024
    const filler = tarBytes([{ name: "filler", body: Buffer.alloc(64 << 20, 1) }])
    writeSync(fd, filler, 0, filler.length)
    closeSync(fd)
    writeFileSync(path, Buffer.concat([whole.subarray(0, lastEntryEnd(whole, end)), filler]))
    const file = sandbox.file("stack.yaml", boxes("tar:./root.tar"))
    const command = sandbox.command("apply", "-y", "-f", file).join(" ")
    const ran = sandbox.run([
      "sh",
      "-c",
      `${command} & until ls /var/lib/stack/images/unpacking/*/tree/filler 2>/dev/null; do :; done; kill -KILL $!; wait $!`,
    ])
    assert.is(ran.status, 137)
    assert.is(store(sandbox, "unpacking").length, 1)
    assert.equal(store(sandbox, "layers"), [])
    applied(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal([store(sandbox, "unpacking"), store(sandbox, "layers").length], [[], 1])
  },
  ["busybox"],
)

scenario(
  "debootstrap: what it cannot make is told in its own words, and nothing is left",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", boxes("debootstrap:nosuchsuite"))
    const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
    if (/needs a mirror/.test(ran.stderr)) return
    assert.match(ran.stderr, /stack\.yaml:4:\d+: error: debootstrap cannot make nosuchsuite[\s\S]*nosuchsuite/)
    assert.equal([store(sandbox, "layers"), store(sandbox, "images"), store(sandbox, "unpacking")], [[], [], []])
  },
  ["debootstrap"],
)

/** Where the zeros behind the last entry begin: tar pads to 10240 bytes. */
function lastEntryEnd(bytes: Buffer, from: number): number {
  let at = from - (from % 512)
  while (at >= 512 && bytes.subarray(at - 512, at).every((byte) => byte === 0)) at -= 512
  return at
}

scenario("images that are not there are told all at once, whatever sort they are of, with all else that this host lacks", (sandbox) => {
  const file = sandbox.file(
    "stack.yaml",
    `name: none
containers:
  a: { command: [x], image: "dir:./nowhere" }
  b: { command: [x], image: "tar:./nowhere.tar", devices: [/dev/nothing] }
  c: { command: [x], volumes: ["./absent:/data"] }
  d: { image: "oci:./layout", depends_on: { e: { condition: service_healthy } } }
  e: { image: "docker-archive:./x.tar" }
`,
  )
  for (const command of [
    ["plan", "-f", file],
    ["apply", "-y", "-f", file],
  ]) {
    const { stdout, stderr } = expectStatus(sandbox.stack(command), 1)
    assert.is(stdout, "")
    const told = stderr
      .split("\n")
      .flatMap((line) => /^stack\.yaml:(\d+):\d+: error: (?:image )?(\S+)/.exec(line)?.slice(1).join(" ") ?? [])
    const folder = sandbox.work
    assert.equal(
      told,
      [
        `3 dir:${folder}/nowhere`,
        `4 tar:${folder}/nowhere.tar`,
        "4 this",
        `5 ${folder}/absent,`,
        `6 ${folder}/layout`,
        `7 docker-archive:${folder}/x.tar`,
      ],
      stderr,
    )
    assert.match(stderr, "this host has no device /dev/nothing")
  }
  assert.is(sandbox.run(["find", "/run/stack", "/var/lib/stack", "-mindepth", "1"]).stdout, "")
})

test.run()
