import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import type { Attributes } from "../../../src/model/resource.ts"
import { boxes, execIn, OWNER, store } from "../../support/image-lab.ts"
import { expectConverged, expectStatus, planOf, scenario, test } from "../../support/lab.ts"
import type { Blob } from "../../support/oci-layout.ts"
import { baseLayer, imageOf, indexOf, layer, writeLayout } from "../../support/oci-layout.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const applied = (sandbox: Sandbox, file: string) => expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 0)
const inside = (sandbox: Sandbox, file: string, name: string, words: string) =>
  expectStatus(sandbox.stack(execIn(file, name, "sh", "-c", words)), 0).stdout

/** Whiteouts and opaque folders, in both orders, over files of the layer below; and a file that is there again. */
const MIDDLE = layer(
  { name: "data/", type: "5", mode: 0o755 },
  { name: "data/.wh.one" },
  { name: "data/deep/", type: "5", mode: 0o755 },
  { name: "data/deep/.wh..wh..opq" },
  { name: "data/deep/five", body: "five" },
  { name: ".wh.gone" },
)
const TOP = layer(
  { name: "gone/", type: "5", mode: 0o755 },
  { name: "gone/six", body: "six" },
  { name: "etc/mark", body: "top\n" },
  { name: "etc/passwd", body: "root:x:0:0::/:/bin/sh\nbob:x:1003:1003::/home:/bin/sh\n" },
)
const CONFIG = {
  Entrypoint: ["/bin/sh", "-c"],
  Cmd: ["sleep 1000"],
  Env: ["A=image", "B=image"],
  User: "bob",
  WorkingDir: "/data",
  StopSignal: "SIGINT",
}

function layered(sandbox: Sandbox): string {
  const { manifest, blobs } = imageOf([baseLayer(), MIDDLE, TOP], CONFIG)
  const plain = imageOf([baseLayer()], {})
  writeLayout(`${sandbox.work}/layout`, [...blobs, ...plain.blobs], { app: manifest, plain: plain.manifest })
  return `${sandbox.work}/layout`
}

const stackOf = (rest: string) => `name: img
idmaps: { box: { uid: ["0 ${OWNER} 65536"], gid: ["0 ${OWNER} 65536"] } }
containers:
${rest}`

scenario(
  "layers over each other: whiteouts, opaque folders, one unpacking for all",
  (sandbox) => {
    layered(sandbox)
    const file = sandbox.file(
      "stack.yaml",
      stackOf(`  app: { image: "oci:./layout:app", idmap: box }
  shared: { image: "oci:./layout:app", namespaces: { user: host } }
  plain: { image: "oci:./layout:plain", idmap: box, command: [sleep, infinity] }
`),
    )
    applied(sandbox, file)
    expectConverged(sandbox, file)
    for (const name of ["app", "shared"]) {
      const seen = inside(sandbox, file, name, "find /data /gone | sort; cat /etc/mark")
      assert.is(seen, "/data\n/data/deep\n/data/deep/five\n/data/two\n/gone\n/gone/six\ntop\n", name)
    }
    assert.is(inside(sandbox, file, "plain", "find /data /gone | sort; cat /etc/mark").split("\n").length, 9)
    assert.is(store(sandbox, "layers").length, 3)
    assert.is(inside(sandbox, file, "app", "id -u; pwd; echo $A $B"), "1003\n/data\nimage image\n")
    expectStatus(
      sandbox.stack(["exec", "-u", "0", "-f", file, "app", "--", "sh", "-c", "rm /data/two; mkdir /data/one; touch /data/deep/x"]),
      0,
    )
    assert.is(inside(sandbox, file, "app", "find /data | sort"), "/data\n/data/deep\n/data/deep/five\n/data/deep/x\n/data/one\n")
  },
  ["busybox"],
)

scenario(
  "what the image says is below what the file says; the plan tells all of it",
  (sandbox) => {
    layered(sandbox)
    const file = sandbox.file(
      "stack.yaml",
      stackOf(`  all: { image: "oci:./layout:app", idmap: box }
  words: { image: "oci:./layout:app", idmap: box, command: ["sleep 2000"] }
  start: { image: "oci:./layout:app", idmap: box, entrypoint: [sleep, "3000"], environment: { B: file, C: file }, user: "0", working_dir: /etc, stop_signal: SIGTERM }
`),
    )
    const { changes } = planOf(sandbox, file)
    const after = (name: string) => {
      const { argv, environment, user, working_dir, stop_signal } = (changes.find(({ address }) => address === `container.${name}`)
        ?.after ?? {}) as Attributes
      return { argv, environment, user, working_dir, stop_signal }
    }
    const image = { environment: { A: "image", B: "image" }, user: "bob", working_dir: "/data", stop_signal: "SIGINT" }
    assert.equal(after("all"), { argv: ["/bin/sh", "-c", "sleep 1000"], ...image })
    assert.equal(after("words"), { argv: ["/bin/sh", "-c", "sleep 2000"], ...image })
    const own = { environment: { A: "image", B: "file", C: "file" }, user: "", working_dir: "/etc", stop_signal: "SIGTERM" }
    assert.equal(after("start"), { argv: ["sleep", "3000"], ...own })
    applied(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(inside(sandbox, file, "start", "id -u; pwd; echo $A $B $C"), "0\n/etc\nimage file file\n")
    assert.is(expectStatus(sandbox.stack(["import", "--live", "-p", "img", "-o", `${sandbox.work}/again.yaml`]), 0).stderr, "")
    expectConverged(sandbox, `${sandbox.work}/again.yaml`)
    const kept = sandbox.file("plan", "").replace(/plan$/, "kept.plan")
    expectStatus(sandbox.stack(["plan", "--replace", "container.all", "-f", file, "--out", kept]), 0)
    expectStatus(sandbox.stack(["apply", kept]), 0)
    expectConverged(sandbox, file)
  },
  ["busybox"],
)

scenario(
  "folders that an image calls volumes, with nothing mounted there, are told; the plan goes on",
  (sandbox) => {
    const { manifest, blobs } = imageOf([baseLayer()], { Cmd: ["sleep", "9"], Volumes: { "/data": {}, "/var/cache": {} } })
    writeLayout(`${sandbox.work}/layout`, blobs, { app: manifest })
    const planned = (rest: string) => {
      const file = sandbox.file(
        "stack.yaml",
        `${stackOf(`  one: { image: "oci:./layout:app", idmap: box${rest} }`)}\nvolumes: { data: {} }\n`,
      )
      return expectStatus(sandbox.stack(["plan", "-f", file]), 0).stderr
    }
    assert.match(
      planned(""),
      /stack\.yaml:4:\d+: warning: the image of container\.one keeps data in \/data, \/var\/cache, where no volume is mounted[\s\S]*goes when the container is replaced[\s\S]*hint: mount one: `volumes: \["data:\/data"\]`/,
    )
    assert.match(planned(", read_only: true, volumes: [data:/data]"), /keeps data in \/var\/cache,[\s\S]*nothing can be written there/)
    assert.is(planned(", volumes: [data:/data], tmpfs: [/var]"), "")
    assert.is(planned(", ephemeral: true"), "")
  },
  ["busybox"],
)

scenario(
  "umoci's layout, with a tag of two platforms, and skopeo's docker-archive of it",
  (sandbox) => {
    const { work } = sandbox
    const native = imageOf([baseLayer("native\n")], { Cmd: ["sleep", "infinity"] })
    const other = imageOf([baseLayer("other\n")], { Cmd: ["sleep", "infinity"] }, "s390x")
    const index = indexOf([
      { manifest: other.manifest, architecture: "s390x" },
      { manifest: native.manifest, architecture: "amd64" },
    ])
    writeLayout(`${work}/layout`, [...native.blobs, ...other.blobs, index], { many: index, one: native.manifest })
    const run = (...words: string[]) => execFileSync(words[0] as string, words.slice(1), { cwd: work, stdio: ["ignore", "ignore", "pipe"] })
    writeFileSync(`${work}/inserted`, "by umoci\n")
    run("umoci", "insert", "--image", "layout:one", "inserted", "/etc/inserted")
    run("skopeo", "copy", "--quiet", "oci:layout:one", "docker-archive:saved.tar:app:1")
    const file = sandbox.file(
      "stack.yaml",
      stackOf(`  many: { image: "oci:./layout:many", idmap: box }
  one: { image: "oci:./layout:one", idmap: box }
  saved: { image: "docker-archive:./saved.tar", idmap: box }
  named: { image: "docker-archive:./saved.tar:app:1", idmap: box }
`),
    )
    applied(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(inside(sandbox, file, "many", "cat /etc/mark"), "native\n")
    for (const name of ["one", "saved", "named"])
      assert.is(inside(sandbox, file, name, "cat /etc/mark /etc/inserted"), "native\nby umoci\n", name)
    assert.is(store(sandbox, "layers").length, 2, "layers are known by their contents")
    const diff = expectStatus(sandbox.stack(["plan", "-f", file, "--detailed-exitcode"]), 0)
    assert.match(diff.stdout, /No changes/)
  },
  ["busybox", "umoci", "skopeo"],
)

// --------------------------------------------------------------------- bad images

type Spoil = (image: { manifest: Blob; blobs: Blob[] }, folder: string) => void
const overwrite = (folder: string, { digest }: Blob, bytes: Buffer) => writeFileSync(`${folder}/blobs/${digest.replace(":", "/")}`, bytes)

const BAD: readonly (readonly [what: string, spoil: Spoil, says: RegExp])[] = [
  [
    "a layer that is another",
    ({ blobs }, folder) => overwrite(folder, blobs[0] as Blob, (blobs[1] as Blob).bytes),
    /is not what its digest says/,
  ],
  [
    "a layer that is damaged",
    ({ blobs }, folder) => overwrite(folder, blobs[0] as Blob, Buffer.concat([(blobs[0] as Blob).bytes, Buffer.from("x")])),
    /is not what its digest says/,
  ],
  [
    "a layer that was cut short",
    ({ blobs }, folder) => overwrite(folder, blobs[0] as Blob, (blobs[0] as Blob).bytes.subarray(0, 5000)),
    /is not what its digest says/,
  ],
  [
    "a configuration that is another",
    ({ blobs }, folder) => overwrite(folder, blobs.at(-2) as Blob, Buffer.from("{}")),
    /is not what its digest says/,
  ],
  ["a manifest that is no JSON", ({ manifest }, folder) => overwrite(folder, manifest, Buffer.from("{")), /is not what its digest says/],
  ["an index that is no JSON", (_, folder) => writeFileSync(`${folder}/index.json`, "{"), /index\.json is no JSON/],
  [
    "an index of another form",
    (_, folder) => writeFileSync(`${folder}/index.json`, '{"manifests":[{"digest":"sha256:../../x"}]}'),
    /has no sha256 digest/,
  ],
  [
    "no such tag",
    (_, folder) => writeFileSync(`${folder}/index.json`, readFileSync(`${folder}/index.json`, "utf8").replace('"app"', '"other"')),
    /has no image with the tag app[\s\S]*it has other/,
  ],
]

scenario(
  "bad layouts: a diagnostic each, and nothing left",
  (sandbox) => {
    const folder = `${sandbox.work}/layout`
    for (const [what, spoil, says] of BAD) {
      const image = imageOf([baseLayer(), MIDDLE], { Cmd: ["true"] })
      writeLayout(folder, image.blobs, { app: image.manifest })
      spoil(image, folder)
      const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", sandbox.file("stack.yaml", boxes("oci:./layout:app"))]), 1)
      assert.match(ran.stderr, says, `${what}: ${ran.stderr}`)
      assert.equal([store(sandbox, "images"), store(sandbox, "refs"), store(sandbox, "unpacking")], [[], [], []], what)
    }
    const empty = imageOf([baseLayer()], {})
    writeLayout(folder, empty.blobs, { app: empty.manifest })
    const none = sandbox.file("stack.yaml", stackOf('  one: { image: "oci:./layout:app", idmap: box }\n'))
    assert.match(expectStatus(sandbox.stack(["plan", "-f", none]), 1).stderr, /container\.one has no command, and its image names none/)
  },
  ["busybox"],
)

test.run()
