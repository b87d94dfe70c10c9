/** What a container's root filesystem is like: whose its files are, whether it is written to, and where that is kept. */
import { execFileSync } from "node:child_process"
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs"
import * as assert from "uvu/assert"
import {
  apply,
  expectConverged,
  expectNoTrace,
  expectStatus,
  inits,
  inside,
  live,
  planOf,
  scenario,
  test,
  verdicts,
} from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

/** A root filesystem of one static busybox, with files of two users. */
function makeImage(sandbox: Sandbox, name = "rootfs"): string {
  const folder = `${sandbox.work}/${name}`
  for (const part of ["bin", "etc", "home/alice"]) mkdirSync(`${folder}/${part}`, { recursive: true })
  copyFileSync("/bin/busybox", `${folder}/bin/busybox`)
  chmodSync(`${folder}/bin/busybox`, 0o755)
  for (const applet of ["sh", "sleep", "stat", "cat", "touch", "rm", "mkdir", "ls", "mount"])
    symlinkSync("busybox", `${folder}/bin/${applet}`)
  chownSync(`${folder}/home/alice`, 1000, 1000)
  return folder
}

const MAP = '{ uid: ["0 300000 65536"], gid: ["0 300000 65536"] }'
const stack = (rest: string) => `name: root
containers:
  one: { command: [/bin/sleep, infinity], ${rest} }
`
const exec = (sandbox: Sandbox, file: string, ...command: string[]) => sandbox.stack(["exec", "-f", file, "one", "--", ...command])
const root = (sandbox: Sandbox) => `/proc/${live(sandbox, "root", "one").init}/root`

scenario(
  "the files of a folder are whose they are on the disk, as ids of the container, and nothing is written to it",
  (sandbox) => {
    const folder = makeImage(sandbox)
    const file = sandbox.file("stack.yaml", stack(`image: "dir:./rootfs", idmap: ${MAP}`))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(expectStatus(exec(sandbox, file, "stat", "-c", "%u:%g", "/etc", "/home/alice"), 0).stdout, "0:0\n1000:1000\n")
    // Those of the container on the host: a process from outside sees them so.
    assert.is(execFileSync("stat", ["-c", "%u:%g", `${root(sandbox)}/home/alice`], { encoding: "utf8" }), "301000:301000\n")
    expectStatus(exec(sandbox, file, "sh", "-c", "echo mine > /etc/new; touch /home/alice; rm /bin/ls"), 0)
    assert.is(exec(sandbox, file, "stat", "-c", "%u", "/home/alice").stdout, "1000\n")
    assert.equal(readdirSync(`${folder}/etc`), [])
    assert.ok(existsSync(`${folder}/bin/ls`))
    const layer = sandbox.run(["stat", "-c", "%u", "/var/lib/stack/containers/root/one/upper/etc/new"])
    assert.is(layer.stdout, "300000\n")
  },
  ["busybox"],
)

scenario(
  "a map of several ranges: what belongs to none of them is nobody's",
  (sandbox) => {
    makeImage(sandbox)
    const file = sandbox.file(
      "stack.yaml",
      stack('image: "dir:./rootfs", idmap: { uid: ["0 300000 1", "1 500000 999"], gid: ["0 300000 1000"] }'),
    )
    apply(sandbox, file)
    assert.is(expectStatus(exec(sandbox, file, "stat", "-c", "%u:%g", "/etc", "/home/alice"), 0).stdout, "0:0\n65534:65534\n")
    expectConverged(sandbox, file)
  },
  ["busybox"],
)

scenario(
  "a folder on a file system that cannot show other ids: what to do is told, and nothing is left",
  (sandbox) => {
    expectStatus(sandbox.run(["sh", "-c", "mkdir plain && mount -t ramfs ramfs plain && cp /bin/busybox plain/sleep"]), 0)
    const file = sandbox.file("stack.yaml", stack(`image: "dir:./plain", idmap: ${MAP}`))
    const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
    assert.match(ran.stderr, /stack\.yaml:3:\d+: error: show the container's ids in .*\/plain: EINVAL/)
    assert.match(ran.stderr, /hint: the file system of .*\/plain \(ramfs\) cannot show other ids/)
    expectNoTrace(ran)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    // Without a map of its own it can be read.
    const unmapped = sandbox.file(
      "stack.yaml",
      stack('image: "dir:./plain", command: [/sleep, infinity], namespaces: { user: host }').replace(
        "command: [/bin/sleep, infinity], ",
        "",
      ),
    )
    apply(sandbox, unmapped)
  },
  ["busybox"],
)

for (const image of ["host", "dir:./rootfs"]) {
  scenario(
    `read_only: nothing of ${image} can be written, by hand it can be opened, and is closed again`,
    (sandbox) => {
      makeImage(sandbox)
      const file = sandbox.file("stack.yaml", stack(`image: "${image}", read_only: true, working_dir: /srv/data`))
      apply(sandbox, file)
      expectConverged(sandbox, file)
      for (const path of ["/x", "/etc/x", "/srv/data/x", "/bin/x"])
        assert.match(exec(sandbox, file, "touch", path).stderr, "Read-only file system", path)
      expectStatus(exec(sandbox, file, "touch", "/dev/shm/x"), 0)
      const { init, monitor } = live(sandbox, "root", "one")
      expectStatus(inside(init, "-m", "mount", "-o", "remount,bind,rw", "none", image === "host" ? "/etc" : "/"), 0)
      const plan = planOf(sandbox, file)
      assert.equal(verdicts(plan), ["delete+create container.one"])
      assert.equal(plan.changes[0]?.forces_replacement, ["read_only"])
      assert.is(plan.drift.length, 1)
      apply(sandbox, file)
      expectConverged(sandbox, file)
      assert.match(exec(sandbox, file, "touch", "/etc/x").stderr, "Read-only file system")
      assert.is.not(live(sandbox, "root", "one").monitor, monitor)
      sandbox.file("stack.yaml", stack(`image: "${image}", working_dir: /srv/data`))
      apply(sandbox, file)
      expectStatus(exec(sandbox, file, "touch", "/etc/x"), 0)
      expectConverged(sandbox, file)
    },
    ["busybox"],
  )

  scenario(
    `ephemeral: what is written to ${image} is in memory, and gone with the command`,
    (sandbox) => {
      makeImage(sandbox)
      const file = sandbox.file("stack.yaml", stack(`image: "${image}", ephemeral: true`))
      apply(sandbox, file)
      expectConverged(sandbox, file)
      expectStatus(exec(sandbox, file, "sh", "-c", "echo mine > /etc/new; echo more > /new; mkdir /home/x"), 0)
      assert.is(readFileSync(`${root(sandbox)}/etc/new`, "utf8"), "mine\n")
      const kept = "/var/lib/stack/containers/root/one"
      assert.is(sandbox.run(["sh", "-c", `find ${kept} -mindepth 1`]).stdout, "")
      process.kill(live(sandbox, "root", "one").init, "SIGKILL")
      apply(sandbox, file)
      assert.not.ok(existsSync(`${root(sandbox)}/etc/new`))
      assert.not.ok(existsSync(`${root(sandbox)}/new`))
      assert.is(statSync(`${root(sandbox)}/tmp`, { throwIfNoEntry: false })?.mode ?? 0o41777, 0o41777)
      sandbox.file("stack.yaml", stack(`image: "${image}"`))
      assert.equal(planOf(sandbox, file).changes[0]?.forces_replacement, ["ephemeral"])
      apply(sandbox, file)
      expectStatus(exec(sandbox, file, "touch", "/etc/kept"), 0)
      assert.match(sandbox.run(["sh", "-c", `find ${kept} -name kept`]).stdout, "kept")
      expectConverged(sandbox, file)
      expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
      assert.is(sandbox.run(["ls", "/var/lib/stack/containers"]).stdout, "")
    },
    ["busybox"],
  )
}

scenario("a writable layer that somebody has removed is made anew, with its container", (sandbox) => {
  const file = sandbox.file(
    "stack.yaml",
    `name: lab
bridges: { lan: { address: 10.20.0.1/24 } }
containers:
  web: { command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: 10.20.0.2/24 } } }
  ended: { command: ["true"] }
  bare: { command: [sleep, infinity], namespaces: { mount: host } }
`,
  )
  apply(sandbox, file)
  const { bare } = inits(sandbox, "lab")
  expectStatus(sandbox.run(["rm", "-rf", "/var/lib/stack/containers/lab"]), 0)
  const plan = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
  assert.match(plan, /-\/\+ container\.web .*its writable layer is gone/)
  // What has done its work needs none.
  assert.not.match(plan, "container.ended")
  apply(sandbox, file)
  assert.is(expectStatus(sandbox.stack(["exec", "-f", file, "web", "--", "cat", "/etc/hostname"]), 0).stderr, "")
  assert.not.match(expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout, /writable layer/)
  assert.is(inits(sandbox, "lab").bare, bare)
})

test.run()
