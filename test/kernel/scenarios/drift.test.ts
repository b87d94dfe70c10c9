import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, inside, live, pings, planOf, scenario, test } from "../../support/lab.ts"

const LAB = `
name: lab
bridges:
  lan: { address: 10.20.0.1/24, mtu: 1500 }
containers:
  web:
    image: host
    command: [sleep, infinity]
    limits: { memory: 64M, cpus: 0.5 }
    sysctls: { net.ipv4.ip_forward: 1 }
    routes: [{ to: 10.9.0.0/16, via: 10.20.0.254 }]
    interfaces:
      eth0: { bridge: lan, address: 10.20.0.2/24, gateway: 10.20.0.1 }
veths:
  uplink: { endpoints: ["web:up0", "host:web-up0"] }
`
const PORT = "lab-web-eth0"

scenario("a topology change of the spanning tree is nobody's doing", async (sandbox) => {
  const bridge = "name: lab\nbridges:\n  lan: { address: 10.20.0.1/24, stp: true, ageing_time: 100, forward_delay: 2 }\n"
  const file = sandbox.file("stack.yaml", bridge)
  apply(sandbox, file)
  sandbox.file("stack.yaml", `${bridge}containers:\n  web: { command: [sleep, infinity], interfaces: { eth0: { bridge: lan } } }\n`)
  apply(sandbox, file)
  const info = () => sandbox.ip("-d", "link", "show", "lab-lan")[0].linkinfo.info_data
  for (let tries = 0; tries < 100 && info().topology_change === 0; tries++) await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal([info().topology_change, info().ageing_time], [1, 400], "the kernel works with twice the forward delay")
  expectConverged(sandbox, file)
})

scenario("a route that leads nowhere is ours where it bears our protocol number, and nobody else's", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const { init } = live(sandbox, "lab", "web")
  inside(init, "-n", "ip", "route", "add", "blackhole", "10.66.0.0/16")
  expectConverged(sandbox, file)
  inside(init, "-n", "ip", "route", "add", "blackhole", "10.67.0.0/16", "proto", "115")
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const { stdout } = inside(init, "-n", "ip", "route", "show", "type", "blackhole")
  assert.is(stdout.trim(), "blackhole 10.66.0.0/16")
})

scenario("links that someone deleted come back", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const before = live(sandbox, "lab", "web")
  sandbox.run(["ip", "link", "del", PORT])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.ok(pings(before.init, "10.20.0.1"))
  sandbox.run(["ip", "link", "del", "lab-lan"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(live(sandbox, "lab", "web"), before)
  assert.ok(pings(before.init, "10.20.0.1"))
})

scenario("a container whose command was killed is started again", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const before = live(sandbox, "lab", "web")
  process.kill(before.init, "SIGKILL")
  assert.match(sandbox.stack(["show", "-f", file]).stdout, /killed/i)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const after = live(sandbox, "lab", "web")
  assert.ok(after.init > 0 && after.init !== before.init)
  assert.ok(pings(after.init, "10.20.0.1"))
})

scenario("a container whose monitor was killed is made anew", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const before = live(sandbox, "lab", "web")
  process.kill(before.monitor, "SIGKILL")
  // What went with its namespaces nobody has removed.
  const planned = planOf(sandbox, file)
  const interfaces = planned.changes.filter(({ address }) => address.startsWith("interface.web."))
  assert.equal(
    interfaces.map(({ actions, cause }) => [actions, cause]),
    [[["create"], "container.web has ended: not there"]],
  )
  assert.equal(
    planned.drift.map((one) => (one as { address: string }).address),
    ["container.web"],
  )
  assert.match(sandbox.stack(["plan", "-f", file]).stdout, "+ interface.web.eth0  # container.web has ended\n")
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const after = live(sandbox, "lab", "web")
  assert.ok(pings(after.init, "10.20.0.1"))
  assert.equal(
    sandbox.processes().filter((pid) => /sleep/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"))),
    [after.init],
  )
})

test.run()
