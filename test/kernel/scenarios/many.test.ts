import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, ipIn, live, pings, scenario, test } from "../../support/lab.ts"
import { openSandbox, sandboxMissing } from "../../support/sandbox.ts"
import { expectSameTraces, privateMemory, readTraces } from "../../support/sandbox-traces.ts"
import { testsUnless } from "../../support/skip.ts"

const MONITOR = new URL("../../../native/build/stack-monitor", import.meta.url)
const lab = (count: number) => `
name: many
bridges: { lan: { address: 10.30.0.1/16 } }
containers:
  box:
    image: host
    command: [sleep, infinity]
    replicas: ${count}
    hostname: box-\${index}
    limits: { memory: 64M, pids: 64 }
    interfaces: { eth0: { bridge: lan, address: auto } }
`

scenario("thirty at once, each with an address and an id range of its own", (sandbox) => {
  const empty = readTraces(sandbox)
  const file = sandbox.file("stack.yaml", lab(30))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const pids = Object.values(inits(sandbox, "many"))
  assert.is(pids.length, 30)
  const addresses = pids.map((pid) => ipIn(pid, "-4", "addr", "show", "eth0")[0].addr_info[0].local as string)
  assert.is(new Set(addresses).size, 30)
  assert.is(new Set(pids.map((pid) => readFileSync(`/proc/${pid}/uid_map`, "utf8"))).size, 30)
  assert.ok(pings(Number(pids[0]), String(addresses[29])))
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  expectSameTraces(readTraces(sandbox), empty)
})

scenario("more and fewer replicas: those that stay keep their process and their address", (sandbox) => {
  const file = sandbox.file("stack.yaml", lab(3))
  apply(sandbox, file)
  const three = inits(sandbox, "many")
  assert.equal(Object.keys(three), ["box[0]", "box[1]", "box[2]"])
  const addressOf = (pid: number | undefined) => ipIn(Number(pid), "-4", "addr", "show", "eth0")[0].addr_info[0].local
  const before = Object.values(three).map(addressOf)
  sandbox.file("stack.yaml", lab(5))
  apply(sandbox, file)
  const five = inits(sandbox, "many")
  assert.is(Object.keys(five).length, 5)
  assert.equal([five["box[0]"], five["box[1]"], five["box[2]"]], Object.values(three))
  sandbox.file("stack.yaml", lab(1))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(inits(sandbox, "many"), { "box[0]": three["box[0]"] })
  assert.is(addressOf(three["box[0]"]), before[0])
})

const musl = () =>
  readFileSync(MONITOR).includes("musl") || !readFileSync(MONITOR).includes("GLIBC") ? undefined : "the monitor was not built with musl"

testsUnless(sandboxMissing() ?? musl())("an idle container costs its monitor's 20 KB of private memory, and no other process", async () => {
  const sandbox = await openSandbox()
  try {
    apply(sandbox, sandbox.file("stack.yaml", lab(4)))
    for (const name of ["box[0]", "box[1]", "box[2]", "box[3]"]) {
      const { monitor } = live(sandbox, "many", name)
      assert.ok(privateMemory(monitor) <= 20 * 1024, `${privateMemory(monitor)} bytes`)
    }
    assert.is(sandbox.processes().length, 8, "a monitor and a command for each of four")
  } finally {
    await sandbox.close()
  }
})

for (const seed of [1, 2, 3, 4]) {
  scenario(`ready steps in the order of seed ${seed}: the same result`, (sandbox) => {
    const file = sandbox.file("stack.yaml", lab(6).replace("box:", "box:\n    depends_on: []"))
    const env = { STACK_SHUFFLE: String(seed) }
    expectStatus(sandbox.stack(["apply", "-y", "-f", file], { env }), 0)
    expectConverged(sandbox, file)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file], { env }), 0)
    assert.equal(sandbox.processes(), [])
  })
}

test.run()
