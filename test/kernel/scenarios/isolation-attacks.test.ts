/**
 * What hostile images, containers and archives try, and what keeps them from it: each check fails on a build without that protection, as
 * those of isolation-requirements.test.ts do. docs/security.md
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
import * as assert from "uvu/assert"
import { eventually } from "../../support/eventually.ts"
import { makeTree } from "../../support/image-lab.ts"
import { live, titleOf } from "../../support/lab.ts"
import { baseLayer, imageOf, writeLayout } from "../../support/oci-layout.ts"
import { tarBytes } from "../../support/tar-bytes.ts"
import type { Weakening } from "../../support/weakened.ts"
import { requirement, test } from "../../support/weakened.ts"

const NEEDED = ["busybox"]
const stack = (image: string, rest: string, more = "") => `name: iso\n${more}containers:\n  box: { image: "${image}"${rest} }\n`
const SLEEPS = ", command: [/bin/sleep, infinity]"
/** Whoever opens a FIFO that nobody writes to waits for ever. */
const PATIENCE_S = "20"

const initOf = ({ sandbox }: Weakening) => live(sandbox, "iso", "box").init
const applied = (on: Weakening, text: string) => on.stack(["apply", "-y", "-f", on.sandbox.file("stack.yaml", text)])

/** An image in a layout of its own, which says this of how it is run. */
function image(on: Weakening, config: object): string {
  const { manifest, blobs } = imageOf([baseLayer()], config)
  writeLayout(`${on.sandbox.work}/layout`, blobs, { evil: manifest })
  return "oci:./layout:evil"
}

const HOST_PROGRAM = "an image has a program of the host run"

requirement("2024-21626: an image's command is no program of the host, by whatever descriptor it is named", {
  without: { "ways-out": HOST_PROGRAM },
  async check(on) {
    const program = `${on.sandbox.work}/host-program`
    copyFileSync("/bin/busybox", program)
    symlinkSync("host-program", `${on.sandbox.work}/sleep`)
    // The procfs that sysctls are written through, the container's group, its image.
    const ways = [17, 16, 100].map((fd) => `/proc/self/fd/${fd}/..`)
    const entrypoint = ["/bin/sh", "-c", ways.map((way) => `exec ${way}${on.sandbox.work}/sleep infinity`).join("; ")]
    const named = [`${ways[0]}${on.sandbox.work}/sleep`, "infinity"]
    const { status, stderr } = applied(on, stack(image(on, { Entrypoint: named }), ", namespaces: { user: host }"))
    assert.is(status, 1, HOST_PROGRAM)
    assert.match(stderr, /run \/proc\/self\/fd\/17\/.*ENOENT/)
    on.stack(["destroy", "-y", "-f", `${on.sandbox.work}/stack.yaml`])
    // The shell is started, finds none of them, and ends, maybe only when the apply has looked.
    applied(on, stack(image(on, { Entrypoint: entrypoint }), ", namespaces: { user: host }"))
    await eventually(() => initOf(on) === 0, "the end of a shell that finds no program")
  },
  programs: NEEDED,
})

const OUTSIDE = "a working directory is none of the container's"

requirement("2024-21626: a working directory is in the root, and none is made elsewhere", {
  without: { "folder-in-root": OUTSIDE },
  check(on) {
    makeTree(`${on.sandbox.work}/root`)
    mkdirSync(`${on.sandbox.work}/elsewhere`)
    const way = `/proc/1/root${on.sandbox.work}`
    const at = (folder: string) =>
      applied(on, stack("dir:./root", `${SLEEPS}, working_dir: ${folder}, namespaces: { pid: host, user: host }`))
    assert.is(at(`${way}/elsewhere`).status, 1, OUTSIDE)
    assert.match(at(`${way}/elsewhere/made`).stderr, /leads out of the container's root/)
    assert.is(at("/proc/self/fd/17/..").status, 1)
    assert.is(at(`/proc/self/fd/17/..${on.sandbox.work}/elsewhere/made`).status, 1)
    assert.not.ok(existsSync(`${on.sandbox.work}/elsewhere/made`))
    assert.is(at("/work/of/its/own").status, 0)
    assert.is(readlinkSync(`/proc/${initOf(on)}/cwd`), "/work/of/its/own")
    const { status } = on.stack(["exec", "-f", `${on.sandbox.work}/stack.yaml`, "--workdir", `${way}/elsewhere`, "box", "--", "/bin/pwd"])
    assert.is(status, 126)
  },
  programs: NEEDED,
})

const OVER_ROOT = "a volume is mounted over the root, or over /dev"

requirement("2021-30465: a link of an image's leads no mount to where its text may not", {
  without: { "places-of-mounts": OVER_ROOT },
  check(on) {
    makeTree(`${on.sandbox.work}/root`)
    for (const [name, to] of [
      ["top", "/"],
      ["nodes", "dev"],
    ] as const)
      symlinkSync(to, `${on.sandbox.work}/root/${name}`)
    for (const [mount, errno] of [
      ["volumes: ['data:/top']", "EBUSY"],
      ["tmpfs: [/nodes]", "EXDEV"],
      ["tmpfs: [/top/nodes/below]", "EXDEV"],
      ["volumes: ['data:/top/proc']", "EXDEV"],
    ]) {
      const { status, stderr } = applied(on, stack("dir:./root", `${SLEEPS}, ${mount}`, "volumes: { data: {} }\n"))
      assert.match(stderr, `: ${errno}`, OVER_ROOT)
      assert.is(status, 1)
      assert.match(stderr, "a symbolic link on the way leads")
    }
  },
  programs: NEEDED,
})

const WAITS = "a container has whoever looks at it wait for ever"

requirement("what a container puts in the place of a file of its is never opened but as a file, and never the host's", {
  without: { "regular-files": WAITS },
  check(on) {
    on.sandbox.file("token", "secret\n")
    // To be compared with: of the host's root nobody may be told that it is the same.
    on.sandbox.file("other", "other\n")
    const text = stack("host", `, command: [sleep, infinity], profile: system, secrets: [token]`, "secrets: { token: { file: ./token } }\n")
    const file = on.apply(text)
    const look = (...words: string[]) => on.sandbox.run(["timeout", "-s", "KILL", PATIENCE_S, ...on.command(...words)])
    const busy = (script: string) => assert.is(on.stack(["exec", "-f", file, "box", "--", "sh", "-c", script]).status, 0)
    busy("mkfifo /dev/shm/pipe && mount --bind /dev/shm/pipe /run/secrets/token")
    const { status, stdout } = look("plan", "-f", file)
    assert.is(status, 0, WAITS)
    assert.match(stdout, "secrets./run/secrets/token: (not set)")
    busy(
      `umount /run/secrets/token && mv /run/secrets /run/was && mkdir -p /run${on.sandbox.work} && ln -s ${on.sandbox.work} /run/secrets`,
    )
    assert.match(look("plan", "-f", file).stdout, "secrets./run/secrets/token: (not set)")
    assert.is(look("destroy", "-y", "-f", file).status, 0)
  },
})

const STILL_ROOT = "a user that cannot be is root"

requirement("an id of all ones, which to the kernel is whoever one is, is nobody's", {
  without: { "no-id": STILL_ROOT },
  check(on) {
    for (const user of ["4294967295", "1000:4294967295"]) {
      const { status, stderr } = applied(
        on,
        stack(image(on, { User: user, Cmd: ["/bin/sleep", "infinity"] }), ", namespaces: { user: host }"),
      )
      assert.equal(
        on.sandbox
          .processes()
          .map(titleOf)
          .filter((title) => title.includes("sleep")),
        [],
        STILL_ROOT,
      )
      assert.is(status, 1)
      assert.match(stderr, "no user or group has the id 4294967295")
    }
    // What is refused leaves nothing that could not be read again.
    assert.is(on.stack(["destroy", "-y", "-f", `${on.sandbox.work}/stack.yaml`]).status, 0)
  },
  programs: NEEDED,
})

const STEERED = "what a container prints steers the terminal of who reads it"

requirement("a terminal shows colours of what a container has printed, and obeys nothing else of it", {
  without: { terminal: STEERED },
  check(on) {
    const says = "\\033]0;title\\007\\033[31mred\\033[0m\\033[6n\\302\\23331m\\n"
    const file = on.apply(
      `name: iso\ncontainers:\n  box: { command: [sh, -c, "printf '${says.replaceAll("\\", "\\\\")}'; exec sleep infinity"] }\n`,
    )
    const words = on.command("logs", "-f", file, "box")
    for (let tries = 0; tries < 100 && on.sandbox.run(words).stdout === ""; tries++) on.sandbox.run(["sleep", "0.05"])
    // As it is, where no terminal is.
    assert.is(on.sandbox.run(words).stdout, "\u001b]0;title\u0007\u001b[31mred\u001b[0m\u001b[6n\u009b31m\n")
    const { stdout } = on.sandbox.run(["script", "-qec", words.join(" "), "/dev/null"])
    assert.is(stdout.trimEnd(), "␛]0;title␇\u001b[31mred\u001b[0m␛[6n\ufffd31m", STEERED)
  },
  programs: ["script"],
})

const TOLD = "a secret is told"

requirement("a secret is in no plan, JSON, record, error or command line", {
  without: { secrets: TOLD },
  check(on) {
    on.sandbox.file("token", "first-word-of-it\n")
    const file = on.apply(stack("host", ", command: [sleep, infinity], secrets: [token]", "secrets: { token: { file: ./token } }\n"))
    on.sandbox.file("token", "second-word-of-it\n")
    const said = [
      ["plan", "-f", file],
      ["plan", "--json", "-f", file],
      ["show", "--json", "-f", file],
    ].map((words) => on.stack(words))
    assert.match(said[0]?.stdout ?? "", "secrets./run/secrets/token")
    for (const { stdout, stderr } of said) assert.not.match(stdout + stderr, /word-of-it/, TOLD)
    const { init, monitor } = live(on.sandbox, "iso", "box")
    for (const pid of [init, monitor])
      for (const name of ["cmdline", "environ"]) assert.not.match(readFileSync(`/proc/${pid}/${name}`, "utf8"), /word-of-it/)
    assert.is(on.sandbox.run(["sh", "-c", "grep -rlaE word-of-it /run /var/lib/stack"]).stdout, "")
  },
})

const UNPACKED = "an archive that was made to harm is used"

requirement("archives: no name leads out, nothing becomes larger than its bound, and each is what its digest says", {
  without: { "names-of-entries": UNPACKED, bounds: UNPACKED, digests: UNPACKED },
  check(on) {
    // Larger than the bound of so small an archive, by its header; what follows is missing, which is told only where the bound is not.
    const zeros = gzipSync(tarBytes([{ name: "big", size: 2 ** 33 }]))
    const { manifest, blobs } = imageOf([baseLayer("one\n")])
    const lying = blobs.map((blob, i) => (i === 0 ? { ...blob, bytes: gzipSync(baseLayer("two\n")) } : blob))
    writeLayout(`${on.sandbox.work}/lies`, lying, { evil: manifest })
    writeFileSync(`${on.sandbox.work}/escapes.tar`, tarBytes([{ name: "etc/../../escaped", body: "x" }]))
    writeFileSync(`${on.sandbox.work}/bomb.tar`, zeros)
    for (const [source, says] of [
      ["tar:./escapes.tar", /leads out of it/],
      ["tar:./bomb.tar", /becomes much larger/],
      ["oci:./lies:evil", /is not what its digest says/],
    ] as const) {
      const { status, stderr } = applied(on, stack(source, SLEEPS))
      assert.match(stderr, says, UNPACKED)
      assert.is(status, 1)
    }
    assert.is(on.sandbox.run(["sh", "-c", "find / -xdev -name escaped 2>/dev/null"]).stdout, "")
    assert.is(
      on.sandbox.run(["sh", "-c", "ls /var/lib/stack/images/layers /var/lib/stack/images/unpacking 2>/dev/null | grep -v :"]).stdout.trim(),
      "",
    )
  },
  programs: NEEDED,
})

const LINKED = "a link in the place of a run folder is followed"

requirement("/run: a link in the place of the stack's folder is an error, and nothing is written behind it", {
  without: { "linked-run-folder": LINKED },
  check(on) {
    on.sandbox.run(["sh", "-c", "mkdir -p /run/stack elsewhere; chmod 755 /run/stack; ln -s $PWD/elsewhere /run/stack/iso"])
    const { status, stderr } = applied(on, "name: iso\ncontainers:\n  box: { command: [sleep, infinity] }\n")
    assert.is(status, 1, LINKED)
    assert.match(stderr, "/run/stack/iso is a symbolic link", LINKED)
    assert.is(on.sandbox.run(["ls", "elsewhere"]).stdout, "")
  },
})

requirement("2022-0847, and 0022: a file that all containers see is none's to write, by whatever name", {
  without: {},
  check(on) {
    const file = on.apply(
      "name: iso\nbridges: { lan: { address: 10.20.0.1/24 } }\ncontainers:\n  box: { command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: 10.20.0.2/24 } } }\n",
    )
    const before = readFileSync(`/proc/${live(on.sandbox, "iso", "box").monitor}/root/run/stack/iso/.hosts`, "utf8")
    for (const script of [
      "echo 1.2.3.4 evil >> /etc/hosts",
      "mount -o remount,rw /etc/hosts",
      "ln /etc/hosts /etc/h && echo evil >> /etc/h",
      "rm /etc/hosts",
      "mv /etc/hosts /etc/h",
      "chmod 666 /etc/hosts",
    ])
      assert.is.not(on.stack(["exec", "-f", file, "box", "--", "sh", "-c", script]).status, 0, script)
    assert.is(readFileSync(`/proc/${live(on.sandbox, "iso", "box").monitor}/root/run/stack/iso/.hosts`, "utf8"), before)
    assert.match(on.stack(["plan", "-f", file]).stdout, "No changes.")
  },
})

test.run()
