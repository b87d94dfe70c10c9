import * as assert from "uvu/assert"
import { apply, expectNoTrace, expectStatus, live, planOf, scenario, test } from "../../support/lab.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"

const LAB = `
name: lab
bridges: { lan: { address: 10.20.0.1/24 } }
containers:
  web: { image: host, command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: 10.20.0.2/24 } } }
`

scenario("a saved plan is applied as it stands; a stale one is refused with 3 and changes nothing", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  expectStatus(sandbox.stack(["plan", "-f", file, "--out", "plan.json"]), 0)
  expectStatus(sandbox.stack(["apply", "-y", "plan.json"]), 0)
  sandbox.file("stack.yaml", LAB.replace("10.20.0.2/24", "10.20.0.3/24"))
  expectStatus(sandbox.stack(["plan", "-f", file, "--out", "second.json"]), 0)
  sandbox.run(["ip", "link", "set", "lab-lan", "mtu", "1400"])
  const before = readTraces(sandbox)
  const ran = expectStatus(sandbox.stack(["apply", "-y", "second.json"]), 3)
  assert.match(ran.stderr, /stale/i)
  expectNoTrace(ran)
  expectSameTraces(readTraces(sandbox), before)
})

scenario("a plan that was saved before the container was made anew is stale, though nothing of the file differs", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  sandbox.file("stack.yaml", LAB.replace("image: host", "image: host, hostname: other"))
  expectStatus(sandbox.stack(["plan", "-f", file, "--out", "plan.json"]), 0)
  process.kill(live(sandbox, "lab", "web").monitor, "SIGKILL")
  sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  expectStatus(sandbox.stack(["apply", "-y", "plan.json"]), 3)
})

scenario("plan --json is one object that tells all", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  const plan = planOf(sandbox, file)
  assert.equal(plan.changes.map((c) => `${c.actions} ${c.address}`).sort(), [
    "create bridge.lan",
    "create container.web",
    "create hosts.stack",
    "create interface.web.eth0",
  ])
  assert.equal(plan.summary, { add: 4, change: 0, destroy: 0 })
  assert.ok(plan.has_changes && /^\S{8,}$/.test(plan.fingerprint))
  const ids = new Set(plan.steps.map((s) => s.id))
  for (const step of plan.steps) for (const before of step.after) assert.ok(ids.has(before), `${step.id} waits for ${before}`)
  assert.equal(planOf(sandbox, file), plan, "the same twice")
})

scenario("apply --json is an object a line, with the words that other tools know", (sandbox) => {
  const lines = apply(sandbox, sandbox.file("stack.yaml", LAB), "--json")
    .stdout.trim()
    .split("\n")
    .map((line) => JSON.parse(line))
  for (const line of lines) for (const key of ["@level", "@message", "@timestamp", "type"]) assert.ok(key in line, JSON.stringify(line))
  const types = new Set(lines.map((line) => line.type))
  for (const type of ["planned_change", "change_summary", "apply_start", "apply_complete"]) assert.ok(types.has(type), type)
})

scenario("show: what is live, as a table and as JSON", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const table = expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout
  for (const address of ["bridge.lan", "container.web", "interface.web.eth0"]) assert.match(table, address)
  const shown = JSON.parse(expectStatus(sandbox.stack(["show", "--json", "-f", file]), 0).stdout)
  const web = shown.resources.find((r: { address: string }) => r.address === "container.web")
  assert.is(shown.stack, "lab")
  assert.is(web.state, "running")
  assert.match(sandbox.run(["cat", `/proc/${web.attributes.pid}/cmdline`]).stdout, /^sleep\0infinity/)
  assert.match(JSON.stringify(web.attributes.addresses), "10.20.0.2")
})

scenario("graph: text and dot, with an edge for each wait", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  const dot = expectStatus(sandbox.stack(["graph", "--format", "dot", "-f", file]), 0).stdout
  assert.match(dot, /^(strict )?(di)?graph "?lab"? \{$/m)
  assert.match(dot, /"container\.web"/)
  assert.match(dot, /"?bridge\.lan"? -[->] |"container\.web"? -[->] /)
  assert.match(expectStatus(sandbox.stack(["graph", "--format", "text", "-f", file]), 0).stdout, "container.web")
})

scenario("--fail-on refuses with 3 what was forbidden", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  sandbox.file("stack.yaml", LAB.replace("[sleep, infinity]", "[sleep, 1d]"))
  expectStatus(sandbox.stack(["plan", "-f", file, "--fail-on", "replace"]), 3)
  sandbox.file("stack.yaml", LAB.replace("image: host", "image: host, hostname: other"))
  expectStatus(sandbox.stack(["plan", "-f", file, "--fail-on", "destroy"]), 0)
  expectStatus(sandbox.stack(["plan", "-f", file, "--fail-on", "change"]), 3)
})

scenario("the file on standard input, the name by -p", (sandbox) => {
  expectStatus(sandbox.stack(["apply", "-y", "-f", "-", "-p", "piped"], { input: LAB }), 0)
  assert.is(sandbox.ip("link", "show", "piped-lan")[0].ifalias, "stack:piped/bridge.lan")
  expectStatus(sandbox.stack(["destroy", "-y", "-f", "-", "-p", "piped"], { input: LAB }), 0)
})

test.run()
