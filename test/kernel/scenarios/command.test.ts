import * as assert from "uvu/assert"
import { eventually } from "../../support/eventually.ts"
import { apply, expectConverged, expectNoTrace, expectStatus, inits, live, scenario, test, titleOf } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"

const one = (command: string, rest = "") =>
  `name: lab\nbridges: { lan: { address: 10.20.0.1/24 } }\ncontainers:\n  web: { image: host, command: ${command}${rest}, interfaces: { eth0: { bridge: lan, address: 10.20.0.2/24 } } }\n`

const logs = (sandbox: Sandbox, file: string) => sandbox.stack(["logs", "-f", file, "web"])

scenario("logs keep standard output and standard error, in order and apart", async (sandbox) => {
  const file = sandbox.file("stack.yaml", one('[sh, -c, "echo first; echo oops >&2; echo last; sleep 60"]'))
  apply(sandbox, file)
  await eventually(() => logs(sandbox, file).stdout.includes("last"), "the log has its last line")
  const ran = expectStatus(logs(sandbox, file), 0)
  assert.match(ran.stdout, /first\n(.*\n)?last\n/)
  assert.match(ran.stdout + ran.stderr, "oops")
  assert.is(ran.stderr, "oops\n")
})

scenario("a command that ends well is completed, not drift; its log and its network stay", async (sandbox) => {
  const file = sandbox.file("stack.yaml", one('[sh, -c, "echo done"]'))
  apply(sandbox, file)
  await eventually(() => live(sandbox, "lab", "web").init === 0, "the command has ended")
  expectConverged(sandbox, file)
  assert.match(logs(sandbox, file).stdout, "done\n")
  assert.match(sandbox.stack(["logs", "-n", "1", "-t", "-f", file, "web"]).stdout, /^\d{4}-\d\d-\d\dT\S+Z done\n$/)
  assert.match(sandbox.stack(["show", "-f", file]).stdout, /completed/)
  expectStatus(sandbox.run(["ping", "-q", "-c1", "-W2", "10.20.0.2"]), 0)
})

scenario("a command that ends badly says so, and the next apply starts it again", async (sandbox) => {
  const file = sandbox.file("stack.yaml", one('[sh, -c, "test -e /var/second && sleep 60; sleep 1; exit 3"]'))
  apply(sandbox, file)
  await eventually(() => live(sandbox, "lab", "web").init === 0, "the command has ended")
  assert.match(sandbox.stack(["show", "-f", file]).stdout, /exited \(3\)/)
  expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", file]), 2)
})

scenario("a command that is not there: one diagnostic, nothing unmarked, and the mended file converges", (sandbox) => {
  const empty = readTraces(sandbox)
  const file = sandbox.file("stack.yaml", one("[no-such-command, now]"))
  const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
  assert.match(ran.stderr, "no-such-command")
  assert.match(ran.stderr, "container.web")
  expectNoTrace(ran)
  for (const link of sandbox.ip("link").filter((l: { ifname: string }) => l.ifname !== "lo"))
    assert.match(link.ifalias ?? "", /^stack:lab\//)
  for (const pid of sandbox.processes()) assert.match(titleOf(pid), /^stack-monitor lab /)
  sandbox.file("stack.yaml", one("[sleep, infinity]"))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is(Object.keys(inits(sandbox, "lab")).length, 1)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  expectSameTraces(readTraces(sandbox), empty)
})

scenario("after a failed apply, destroy alone leaves nothing", (sandbox) => {
  const empty = readTraces(sandbox)
  const file = sandbox.file("stack.yaml", one("[no-such-command]"))
  expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  expectSameTraces(readTraces(sandbox), empty)
})

scenario("a container whose cgroup could not be made whole is told as begun, and nothing of it as live", (sandbox) => {
  const limits = ", limits: { memory: 64M, unified: { cgroup.max.depth: deep } }"
  const file = sandbox.file("stack.yaml", one("[sleep, infinity]", limits))
  const { stderr } = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
  assert.match(stderr, /Half done: container\.\w+ \(0 of 3\)$/m)
  const shown = expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout
  assert.match(shown, /^container\.\w+ +gone *$/m)
})

scenario("a working folder that cannot be, a user that is not there", (sandbox) => {
  for (const [rest, word] of [
    [", working_dir: /etc/passwd/folder", "/etc/passwd/folder"],
    [", user: nobody-knows", "nobody-knows"],
  ] as const) {
    const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", sandbox.file("stack.yaml", one("[sleep, infinity]", rest))]), 1)
    assert.match(ran.stderr, word)
    expectNoTrace(ran)
  }
})

scenario("depends_on: the one that is needed has started before", async (sandbox) => {
  const text = `name: lab
containers:
  late: { image: host, command: [sleep, infinity], depends_on: [middle] }
  middle: { image: host, command: [sleep, infinity], depends_on: [early] }
  early: { image: host, command: [sleep, infinity] }
`
  const file = sandbox.file("stack.yaml", text)
  const events = apply(sandbox, file, "--json")
    .stdout.split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  const finished = events.filter((e) => e.type === "apply_complete").map((e) => JSON.stringify(e))
  const at = (name: string) => finished.findLastIndex((text) => text.includes(`container.${name}`))
  assert.ok(at("early") < at("middle") && at("middle") < at("late"))
})

test.run()
