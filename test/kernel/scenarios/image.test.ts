import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectNoTrace, expectStatus, live, planOf, scenario, test } from "../../support/lab.ts"

const BUSYBOX = "/bin/busybox"

/** The first of the ids that the containers have on the host. The images are root's. */
const OWNER = 300_000

/** A root filesystem of one static busybox. */
function makeImage(folder: string): string {
  for (const name of ["bin", "etc", "proc", "sys", "dev", "tmp", "home"]) mkdirSync(`${folder}/${name}`, { recursive: true })
  copyFileSync(BUSYBOX, `${folder}/bin/busybox`)
  chmodSync(`${folder}/bin/busybox`, 0o755)
  for (const applet of ["sh", "sleep", "cat", "id", "ls", "touch", "true"]) symlinkSync("busybox", `${folder}/bin/${applet}`)
  writeFileSync(`${folder}/etc/passwd`, "root:x:0:0::/:/bin/sh\nalice:x:1001:1002::/home:/bin/sh\n")
  writeFileSync(`${folder}/etc/group`, "root:x:0:\nstaff:x:1002:\nwheel:x:1010:alice\n")
  writeFileSync(`${folder}/etc/mark`, "image\n")
  return folder
}

const boxes = (image: string, rest = "") => `name: img
idmaps: { box: { uid: ["0 ${OWNER} 65536"], gid: ["0 ${OWNER} 65536"] } }
containers:
  one: { image: "${image}", command: [sleep, infinity], idmap: box${rest} }
  two: { image: "${image}", command: [/bin/sleep, infinity], idmap: box }
`
const exec = (file: string, name: string, ...command: string[]) => ["exec", "-f", file, name, "--", ...command]

scenario(
  "a folder as the image: read through an overlay, never written",
  (sandbox) => {
    makeImage(`${sandbox.work}/rootfs`)
    const file = sandbox.file("stack.yaml", boxes("dir:./rootfs"))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(expectStatus(sandbox.stack(exec(file, "one", "cat", "/etc/mark")), 0).stdout, "image\n")
    expectStatus(sandbox.stack(exec(file, "one", "sh", "-c", "echo mine > /etc/mark; echo new > /home/new")), 0)
    assert.is(sandbox.stack(exec(file, "one", "cat", "/etc/mark", "/home/new")).stdout, "mine\nnew\n")
    assert.is(sandbox.stack(exec(file, "two", "cat", "/etc/mark")).stdout, "image\n")
    assert.is(readFileSync(`${sandbox.work}/rootfs/etc/mark`, "utf8"), "image\n")
    assert.not.ok(existsSync(`${sandbox.work}/rootfs/home/new`))
  },
  ["busybox"],
)

scenario(
  "an image below folders that only root may pass",
  (sandbox) => {
    mkdirSync(`${sandbox.work}/closed/deep`, { recursive: true })
    makeImage(`${sandbox.work}/closed/deep/rootfs`)
    chmodSync(`${sandbox.work}/closed`, 0o700)
    const file = sandbox.file("stack.yaml", boxes("dir:./closed/deep/rootfs"))
    apply(sandbox, file)
    assert.is(expectStatus(sandbox.stack(exec(file, "two", "cat", "/etc/mark")), 0).stdout, "image\n")
  },
  ["busybox"],
)

scenario(
  "an image behind a symbolic link, below folders that only root may pass",
  (sandbox) => {
    mkdirSync(`${sandbox.work}/closed`)
    makeImage(`${sandbox.work}/closed/rootfs`)
    chmodSync(`${sandbox.work}/closed`, 0o700)
    symlinkSync("closed/rootfs", `${sandbox.work}/link`)
    const file = sandbox.file("stack.yaml", boxes("dir:./link"))
    apply(sandbox, file)
    assert.is(expectStatus(sandbox.stack(exec(file, "two", "cat", "/etc/mark")), 0).stdout, "image\n")
  },
  ["busybox"],
)

scenario(
  "an image whose path holds a comma, a colon and a blank",
  (sandbox) => {
    makeImage(`${sandbox.work}/a,b:c d`)
    const file = sandbox.file("stack.yaml", boxes("dir:./a,b:c d"))
    apply(sandbox, file)
    assert.is(expectStatus(sandbox.stack(exec(file, "one", "cat", "/etc/mark")), 0).stdout, "image\n")
  },
  ["busybox"],
)

scenario(
  "user by name, out of the image's own files",
  (sandbox) => {
    makeImage(`${sandbox.work}/rootfs`)
    const file = sandbox.file("stack.yaml", boxes("dir:./rootfs", ", user: alice"))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    const status = readFileSync(`/proc/${live(sandbox, "img", "one").init}/status`, "utf8")
    const base = Number(
      readFileSync(`/proc/${live(sandbox, "img", "one").init}/uid_map`, "utf8")
        .trim()
        .split(/\s+/)[1],
    )
    assert.match(status, new RegExp(`^Uid:\\t${base + 1001}\\t`, "m"))
    assert.match(status, new RegExp(`^Gid:\\t${base + 1002}\\t`, "m"))
    assert.match(sandbox.stack(exec(file, "one", "id")).stdout, /^uid=1001\(alice\) gid=1002\(staff\) groups=.*1010\(wheel\)/)
    sandbox.file("stack.yaml", boxes("dir:./rootfs", ", user: alice").replace("idmap: box, user", "idmap: { size: 1002 }, user"))
    const { stderr } = expectStatus(sandbox.stack(["plan", "-f", file]), 1)
    assert.match(stderr, /stack\.yaml:\d+:\d+: error: group id 1002 of user alice is in no range of the container's idmap$/m)
    assert.not.match(stderr, "user id")
  },
  ["busybox"],
)

scenario(
  "groups besides, and a home, by the image's own files; those entered later have them too",
  (sandbox) => {
    makeImage(`${sandbox.work}/rootfs`)
    const file = sandbox.file("stack.yaml", boxes("dir:./rootfs", ", user: alice, group_add: [staff, 77]"))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    const told = (...words: string[]) => sandbox.stack(["exec", ...words]).stdout.trim()
    const environment = readFileSync(`/proc/${live(sandbox, "img", "one").init}/environ`, "utf8").split("\0")
    assert.ok(environment.includes("HOME=/home"))
    assert.is(told("-f", file, "one", "--", "id", "-G"), "1002 77 1010")
    assert.is(told("-f", file, "-u", "root", "one", "--", "sh", "-c", "id -G; echo $HOME"), "0 77 1002\n/")
    sandbox.file("stack.yaml", boxes("dir:./rootfs", ", user: alice, group_add: [nosuch]"))
    const { stderr } = expectStatus(sandbox.stack(["plan", "-f", file]), 1)
    assert.match(stderr, /stack\.yaml:4:\d+: error: the image has no group "nosuch"/)
    assert.match(sandbox.stack(["import", "--live", "-f", file]).stdout, /group_add: \[77, staff\]/)
  },
  ["busybox"],
)

scenario(
  "an image's links lead to its own files, whatever the host has there; a pipe is no file",
  (sandbox) => {
    const etc = `${makeImage(`${sandbox.work}/rootfs`)}/etc`
    const file = sandbox.file("stack.yaml", boxes("dir:./rootfs", ", user: alice"))
    renameSync(`${etc}/passwd`, `${etc}/users`)
    const outside = sandbox.file("outside", "alice:x:7:7::/:/bin/sh\n")
    symlinkSync(outside, `${etc}/passwd`)
    assert.match(expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1).stderr, 'the image has no user "alice"')
    unlinkSync(`${etc}/passwd`)
    expectStatus(sandbox.run(["mkfifo", `${etc}/passwd`]), 0)
    assert.match(expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1).stderr, 'the image has no user "alice"')
    unlinkSync(`${etc}/passwd`)
    symlinkSync("../../../etc/users", `${etc}/passwd`)
    apply(sandbox, file)
    assert.match(sandbox.stack(exec(file, "one", "id")).stdout, /^uid=1001/)
  },
  ["busybox"],
)

scenario(
  "another image replaces the container, and says so",
  (sandbox) => {
    makeImage(`${sandbox.work}/rootfs`)
    makeImage(`${sandbox.work}/second`)
    writeFileSync(`${sandbox.work}/second/etc/mark`, "second\n")
    const file = sandbox.file("stack.yaml", boxes("dir:./rootfs"))
    apply(sandbox, file)
    expectStatus(sandbox.stack(exec(file, "one", "touch", "/home/old")), 0)
    sandbox.file("stack.yaml", boxes("dir:./second"))
    const one = planOf(sandbox, file).changes.find((c) => c.address === "container.one")
    assert.equal(one?.forces_replacement, ["image"])
    apply(sandbox, file)
    assert.is(sandbox.stack(exec(file, "one", "cat", "/etc/mark")).stdout, "second\n")
    assert.is(sandbox.stack(exec(file, "one", "ls", "/home")).stdout, "", "the writable layer went with the old one")
  },
  ["busybox"],
)

for (const name of ["proc", "sys", "dev"]) {
  scenario(
    `an image whose /${name} is a symbolic link is refused`,
    (sandbox) => {
      const folder = `${sandbox.work}/rootfs`
      makeImage(folder)
      expectStatus(sandbox.run(["rmdir", `${folder}/${name}`]), 0)
      symlinkSync("/etc", `${folder}/${name}`)
      const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", sandbox.file("stack.yaml", boxes("dir:./rootfs"))]), 1)
      assert.match(ran.stderr, new RegExp(name))
      expectNoTrace(ran)
    },
    ["busybox"],
  )
}

scenario("an image that is not there is told before anything is done", (sandbox) => {
  const file = sandbox.file("stack.yaml", boxes("host"))
  apply(sandbox, file)
  const before = live(sandbox, "img", "one")
  sandbox.file("stack.yaml", boxes("dir:./nowhere"))
  for (const command of [["plan"], ["apply", "-y"]]) {
    const ran = expectStatus(sandbox.stack([...command, "-f", file]), 1)
    assert.match(ran.stderr, /stack\.yaml:4:\d+: error: image dir:.*nowhere/)
    expectNoTrace(ran)
  }
  assert.equal(live(sandbox, "img", "one"), before)
})

scenario("a writable layer on an overlay, as inside another container: what to do is told", (sandbox) => {
  const overlay = "mkdir -p lower upper work && mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay /var/lib/stack"
  expectStatus(sandbox.run(["sh", "-c", overlay]), 0)
  const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", sandbox.file("stack.yaml", boxes("host"))]), 1)
  assert.match(ran.stderr, /error: mount overlay on \/\w+ \(setup step \d+\): EINVAL/)
  assert.match(ran.stderr, /hint: the file system of \/var\/lib\/stack cannot keep a container's changes/)
  expectNoTrace(ran)
})

test.run()
