import { readFileSync, writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import type { Live } from "../../support/lab.ts"
import {
  apply,
  expectConverged,
  groupFile,
  groupValue,
  inside,
  ipIn,
  live,
  MEMORY,
  pings,
  planOf,
  scenario,
  test,
  verdicts,
} from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

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

/** What someone did by hand, and which resource must say so. */
const BY_HAND: [what: string, address: string, tamper: (sandbox: Sandbox, web: Live) => unknown][] = [
  ["bridge mtu", "bridge.lan", (s) => s.run(["ip", "link", "set", "lab-lan", "mtu", "1400"])],
  ["bridge down", "bridge.lan", (s) => s.run(["ip", "link", "set", "lab-lan", "down"])],
  ["bridge address gone", "bridge.lan", (s) => s.run(["ip", "addr", "del", "10.20.0.1/24", "dev", "lab-lan"])],
  ["bridge address too many", "bridge.lan", (s) => s.run(["ip", "addr", "add", "10.99.0.1/24", "dev", "lab-lan"])],
  ["bridge mark gone", "bridge.lan", (s) => s.run(["ip", "link", "set", "lab-lan", "alias", ""])],
  ["port mark gone", "interface.web.eth0", (s) => s.run(["ip", "link", "set", PORT, "alias", ""])],
  ["port out of the bridge", "interface.web.eth0", (s) => s.run(["ip", "link", "set", PORT, "nomaster"])],
  ["port down", "interface.web.eth0", (s) => s.run(["ip", "link", "set", PORT, "down"])],
  ["port mtu above what is wanted", "interface.web.eth0", (s) => s.run(["ip", "link", "set", PORT, "mtu", "9000"])],
  ["port mac", "interface.web.eth0", (s) => s.run(["ip", "link", "set", PORT, "address", "02:00:00:00:00:77"])],
  ["port with an address", "interface.web.eth0", (s) => s.run(["ip", "addr", "add", "10.88.0.1/24", "dev", PORT])],
  ["pair on a bridge", "veth.uplink", (s) => s.run(["ip", "link", "set", "web-up0", "master", "lab-lan"])],
  ["pair's mark gone", "veth.uplink", (s) => s.run(["ip", "link", "set", "web-up0", "alias", ""])],
  ["lo down", "container.web", (_, web) => inside(web.init, "-n", "ip", "link", "set", "lo", "down")],
  ["address inside gone", "interface.web.eth0", (_, web) => inside(web.init, "-n", "ip", "addr", "del", "10.20.0.2/24", "dev", "eth0")],
  ["mtu inside", "interface.web.eth0", (_, web) => inside(web.init, "-n", "ip", "link", "set", "eth0", "mtu", "1280")],
  ["mac inside", "interface.web.eth0", (_, web) => inside(web.init, "-n", "ip", "link", "set", "eth0", "address", "02:00:00:00:00:77")],
  ["route inside gone", "container.web", (_, web) => inside(web.init, "-n", "ip", "route", "del", "10.9.0.0/16")],
  ["default route gone", "interface.web.eth0", (_, web) => inside(web.init, "-n", "ip", "route", "del", "default")],
  ["hostname", "container.web", (_, web) => inside(web.init, "-u", "hostname", "pirate")],
  ["sysctl", "container.web", (_, web) => inside(web.init, "-n", "sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward")],
  ["memory limit", "container.web", (s) => writeFileSync(groupFile(s, "memory", "lab/web", MEMORY), String(128 << 20))],
  ["processor period", "container.web", (s) => changePeriod(groupFile(s, "cpu", "lab/web", CPU_PERIOD))],
]

const CPU_PERIOD = { v1: "cpu.cfs_period_us", v2: "cpu.max" }

/** Half of the period, which is twice of a processor. */
function changePeriod(file: string): void {
  writeFileSync(file, file.endsWith(CPU_PERIOD.v1) ? "50000" : "50000 50000")
}

scenario("a topology change of the spanning tree is nobody's doing", async (sandbox) => {
  const bridge = "name: lab\nbridges:\n  lan: { address: 10.20.0.1/24, stp: true, ageing_time: 100 }\n"
  const file = sandbox.file("stack.yaml", bridge)
  apply(sandbox, file)
  sandbox.run(["ip", "link", "set", "lab-lan", "type", "bridge", "forward_delay", "200"])
  sandbox.file("stack.yaml", `${bridge}containers:\n  web: { command: [sleep, infinity], interfaces: { eth0: { bridge: lan } } }\n`)
  apply(sandbox, file)
  const info = () => sandbox.ip("-d", "link", "show", "lab-lan")[0].linkinfo.info_data
  for (let tries = 0; tries < 100 && info().topology_change === 0; tries++) await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal([info().topology_change, info().ageing_time], [1, 400], "the kernel works with twice the forward delay")
  expectConverged(sandbox, file)
})

for (const [what, address, tamper] of BY_HAND) {
  scenario(`changed by hand, shown as drift, repaired in place: ${what}`, (sandbox) => {
    const file = sandbox.file("stack.yaml", LAB)
    apply(sandbox, file)
    const before = live(sandbox, "lab", "web")
    tamper(sandbox, before)
    const plan = planOf(sandbox, file)
    assert.ok(verdicts(plan).includes(`update ${address}`), `${verdicts(plan)} names ${address}`)
    // What was applied to a link no kernel interface tells: only a container's record can tell drift from a changed file.
    if (address.startsWith("container.")) assert.ok(plan.drift.length > 0, "it is called drift")
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal(live(sandbox, "lab", "web"), before)
    assert.is(groupValue(sandbox, "memory", "lab/web", MEMORY), String(64 << 20))
    assert.ok(pings(before.init, "10.20.0.1"))
    assert.equal(
      ipIn(before.init, "route")
        .map((r: { dst: string }) => r.dst)
        .sort(),
      ["10.20.0.0/24", "10.9.0.0/16", "default"],
    )
  })
}

scenario("a route that leads nowhere is none of ours, whatever protocol number it bears", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const { init } = live(sandbox, "lab", "web")
  inside(init, "-n", "ip", "route", "add", "blackhole", "10.66.0.0/16", "proto", "115")
  expectConverged(sandbox, file)
  assert.match(inside(init, "-n", "ip", "route").stdout, "blackhole 10.66.0.0/16")
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
