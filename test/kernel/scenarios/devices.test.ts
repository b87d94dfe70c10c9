/** What devices a container may use: made and opened in it, with the host's own numbers; told by the group's program, or v1's files. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const DETACH = fileURLToPath(new URL("../../support/detach-devices.py", import.meta.url))

/** Its root is the host's, and may make nodes: what holds it is the program alone. */
const stack = (rest: string) => `
name: dev
containers:
  web: { image: host, command: [sleep, infinity], namespaces: { user: host }, cap_add: [MKNOD]${rest} }
`

/** A device of every Linux that is no usual one, and that anybody who is let may open for writing without doing anything: the kernel's log. */
const KMSG = { path: "/dev/kmsg", numbers: "c 1 11" }

function execIn(sandbox: Sandbox, file: string, script: string) {
  return sandbox.stack(["exec", "-f", file, "web", "--", "sh", "-c", script])
}

const OPENS = `rm -f /tmp/node; mknod /tmp/node ${KMSG.numbers} && : > /tmp/node`

scenario("no node that a container makes opens but those of its devices, whoever its root is", (sandbox) => {
  const file = sandbox.file("stack.yaml", stack(""))
  apply(sandbox, file)
  assert.match(execIn(sandbox, file, OPENS).stderr, "Operation not permitted")
  expectStatus(execIn(sandbox, file, "mknod /tmp/null c 1 3 && : > /tmp/null && : < /dev/zero && : > /dev/ptmx"), 0)

  sandbox.file("stack.yaml", stack(`, devices: ["${KMSG.path}"]`))
  const plan = planOf(sandbox, file)
  assert.equal(verdicts(plan), ["delete+create container.web"])
  assert.equal(plan.changes[0]?.forces_replacement, ["devices"])
  apply(sandbox, file)
  expectStatus(execIn(sandbox, file, `${OPENS} && : > ${KMSG.path}`), 0)
  expectConverged(sandbox, file)

  // Only as it is to be used, and where it is to be.
  sandbox.file("stack.yaml", stack(`, devices: ["${KMSG.path}:/dev/deep/in/log:w"]`))
  apply(sandbox, file)
  expectStatus(execIn(sandbox, file, ": > /dev/deep/in/log"), 0)
  assert.match(execIn(sandbox, file, OPENS).stderr, "Operation not permitted")
  assert.match(execIn(sandbox, file, `ls ${KMSG.path}`).stderr, "No such file")
  expectConverged(sandbox, file)
  sandbox.file("stack.yaml", stack(`, devices: ["${KMSG.path}:/dev/deep/in/log:r"]`))
  apply(sandbox, file)
  assert.match(execIn(sandbox, file, ": > /dev/deep/in/log").stderr, "Operation not permitted")
})

scenario("signals that come while a program is loaded change nothing: the kernel's check of it gives up where one waits", (sandbox) => {
  const file = sandbox.file("stack.yaml", stack(""))
  const [node, ...stackJs] = sandbox.command("apply", "-y", "-f", file)
  // A profiler is a storm of them.
  const storm = ["--cpu-prof", "--cpu-prof-interval", "50", "--cpu-prof-dir", sandbox.work]
  for (let i = 0; i < 5; i++) {
    expectStatus(sandbox.run([node as string, ...storm, ...stackJs]), 0)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  }
})

scenario(
  "without its program a container opens what it likes: a plan tells, and the next apply holds the one that runs",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", stack(`, devices: ["${KMSG.path}:${KMSG.path}:w"]`))
    apply(sandbox, file)
    const { init } = live(sandbox, "dev", "web")
    assert.match(execIn(sandbox, file, OPENS).stderr, "Operation not permitted")
    const group = `${unifiedMount(sandbox)}/stack/dev/web`
    expectStatus(sandbox.run(["python3", DETACH, group]), 0)
    expectStatus(execIn(sandbox, file, OPENS), 0)
    const plan = planOf(sandbox, file)
    assert.equal(verdicts(plan), ["update container.web"])
    assert.match(JSON.stringify(plan.drift), "device_program")
    apply(sandbox, file)
    assert.is(live(sandbox, "dev", "web").init, init)
    assert.match(execIn(sandbox, file, OPENS).stderr, "Operation not permitted")
    expectConverged(sandbox, file)
  },
  ["python3"],
)

scenario("a container that moves to another group, or is started again, is held there", (sandbox) => {
  const grouped = (rest: string) => `${stack(rest)}cgroups: { tier: {} }\n`
  const file = sandbox.file("stack.yaml", grouped(""))
  apply(sandbox, file)
  const { init } = live(sandbox, "dev", "web")
  sandbox.file("stack.yaml", grouped(", cgroup: tier"))
  apply(sandbox, file)
  assert.is(live(sandbox, "dev", "web").init, init)
  assert.match(execIn(sandbox, file, OPENS).stderr, "Operation not permitted")
  expectConverged(sandbox, file)
  process.kill(init, "SIGKILL")
  while (planOf(sandbox, file).changes.length === 0);
  apply(sandbox, file)
  assert.match(execIn(sandbox, file, OPENS).stderr, "Operation not permitted")
  expectConverged(sandbox, file)
})

scenario(
  "nodes that an image has do not open",
  (sandbox) => {
    const numbers = KMSG.numbers.split(" ")
    expectStatus(sandbox.run(["mkdir", "-p", "root/bin", "root/proc", "root/sys", "root/dev"]), 0)
    expectStatus(sandbox.run(["sh", "-c", "cp $(command -v busybox) root/bin/busybox"]), 0)
    expectStatus(sandbox.run(["mknod", "root/node", ...numbers]), 0)
    const file = sandbox.file(
      "stack.yaml",
      `name: dev\ncontainers:\n  web: { image: "dir:./root", command: [busybox, sleep, "1000"], namespaces: { user: host }, devices: ["${KMSG.path}"] }\n`,
    )
    apply(sandbox, file)
    const cat = (path: string) => sandbox.stack(["exec", "-f", file, "web", "--", "busybox", "dd", `of=${path}`, "count=0", "conv=notrunc"])
    expectStatus(cat(KMSG.path), 0)
    assert.match(cat("/node").stderr, "Permission denied")
  },
  ["busybox"],
)

scenario("a device that this host does not have is told before anything is done", (sandbox) => {
  const file = sandbox.file("stack.yaml", stack(', devices: ["/dev/null:/dev/n", "/dev/nosuch:/dev/x"]'))
  const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
  assert.match(ran.stderr, /stack\.yaml:4:\d+: error: this host has no device \/dev\/nosuch/)
  assert.match(ran.stderr, '"/dev/nosuch:/dev/x"')
  const column = Number(/stack\.yaml:4:(\d+)/.exec(ran.stderr)?.[1])
  assert.is(column, (readFileSync(file, "utf8").split("\n")[3] ?? "").indexOf('"/dev/nosuch') + 1)
  assert.not.ok(sandbox.run(["ls", "/run/stack"]).stdout.includes("dev"))
})

scenario("a plan tells aloud which devices it gives; import --live spells them", (sandbox) => {
  const file = sandbox.file("stack.yaml", stack(`, devices: ["${KMSG.path}:/dev/log:w"]`))
  assert.match(
    sandbox.stack(["plan", "-f", file]).stdout,
    /!\s+container\.web\s+devices: \/dev\/kmsg:\/dev\/log:w\s+# it may use this device/,
  )
  apply(sandbox, file)
  assert.match(expectStatus(sandbox.stack(["import", "--live", "-f", file]), 0).stdout, `devices: [${KMSG.path}:/dev/log:w]`)
})

scenario("where there is no cgroup2, v1's files hold a container to its devices", (sandbox) => {
  const mounts = sandbox.run(["cat", "/proc/mounts"]).stdout
  const folder = /^cgroup (\S+) cgroup \S*\bdevices\b/m.exec(mounts)?.[1]
  if (folder === undefined) return
  // In the sandbox's own mount namespace: the machine's stays as it is.
  expectStatus(sandbox.run(["umount", unifiedMount(sandbox)]), 0)
  const file = sandbox.file("stack.yaml", stack(`, devices: ["${KMSG.path}:${KMSG.path}:w"]`))
  apply(sandbox, file)
  const { init } = live(sandbox, "dev", "web")
  const list = () => sandbox.run(["cat", `${folder}/stack/dev/web/devices.list`]).stdout
  assert.equal(list().trim().split("\n").sort(), LINES)
  assert.match(execIn(sandbox, file, OPENS).stderr, "Operation not permitted")
  expectConverged(sandbox, file)
  for (const [word, found] of [
    ["allow a", "absent"],
    ["allow b 8:* rwm", "other"],
    ["deny c 1:3 rwm", "other"],
  ] as const) {
    const [way = "", ...rule] = word.split(" ")
    expectStatus(sandbox.run(["sh", "-c", `echo '${rule.join(" ")}' > ${folder}/stack/dev/web/devices.${way}`]), 0)
    const plan = planOf(sandbox, file)
    assert.equal(verdicts(plan), ["update container.web"], word)
    assert.match(JSON.stringify(plan.changes), found, word)
    apply(sandbox, file)
    assert.equal(list().trim().split("\n").sort(), LINES, word)
    assert.is(live(sandbox, "dev", "web").init, init)
    expectConverged(sandbox, file)
  }
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.is.not(sandbox.run(["ls", `${folder}/stack`]).status, 0)
})

const LINES = ["c 1:11 w", ...[3, 5, 7, 8, 9].map((minor) => `c 1:${minor} rwm`), "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm"].sort()

function unifiedMount(sandbox: Sandbox): string {
  return /^\S+ (\S+) cgroup2 /m.exec(sandbox.run(["cat", "/proc/mounts"]).stdout)?.[1] ?? ""
}

test.run()
