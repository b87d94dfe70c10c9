/** Links that somebody has set too small for IPv6: the kernel takes it off them, with all that was set of it. */
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const LAB = `
name: lab
bridges: { lan: { address: [10.1.0.1/24, "fd01::1/64"] } }
veths: { up: { endpoints: [{ container: a, interface: v0, address: "fd02::2/64" }, { container: host, interface: labup, address: "fd02::1/64" }] } }
containers:
  a:
    command: [sleep, infinity]
    sysctls: { net.ipv6.conf.eth0.hop_limit: 9 }
    routes: [{ to: "fd09::/64", via: "fd01::9" }, { to: "fd0a::/64", via: "fd02::1" }]
    neighbours: [{ to: "fd01::7", lladdr: 02:00:00:00:00:07, dev: eth0 }]
    interfaces: { eth0: { bridge: lan, address: [10.1.0.2/24, "fd01::2/64"], gateway: [10.1.0.1, "fd01::1"] } }
`

function acceptRa(sandbox: Sandbox, link: string): string {
  return sandbox.run(["cat", `/proc/sys/net/ipv6/conf/${link}/accept_ra`]).stdout.trim()
}

scenario("a bridge, a pair and an interface that were too small for IPv6 have all of it back in one apply each", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const pid = inits(sandbox, "lab").a as number
  const mend = (expected: string[]) => {
    assert.equal(verdicts(planOf(sandbox, file)), expected)
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal(
      ["lab-lan", "labup"].map((link) => acceptRa(sandbox, link)),
      ["0", "0"],
    )
  }
  expectStatus(sandbox.run(["ip", "link", "set", "lab-lan", "mtu", "1000"]), 0)
  mend(["update bridge.lan"])
  expectStatus(sandbox.run(["ip", "link", "set", "labup", "mtu", "1000"]), 0)
  mend(["update veth.up"])
  expectStatus(inside(pid, "-n", "ip", "link", "set", "v0", "mtu", "1000"), 0)
  mend(["update veth.up", "update container.a"])
  expectStatus(inside(pid, "-n", "ip", "link", "set", "eth0", "mtu", "1000"), 0)
  mend(["update container.a", "update interface.a.eth0"])
  assert.is(inits(sandbox, "lab").a, pid)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
})

scenario("a bridge of the least mtu that IPv6 takes hears no routers either; a smaller one gets IPv6 with a larger mtu", (sandbox) => {
  const wish = (mtu: number) => sandbox.file("stack.yaml", `name: lab\nbridges: { lan: { mtu: ${mtu} } }\n`)
  for (const mtu of [1280, 1279, 1280, 68, 9000]) {
    const file = wish(mtu)
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(acceptRa(sandbox, "lab-lan"), mtu < 1280 ? "" : "0")
  }
  expectStatus(sandbox.stack(["destroy", "-y", "-p", "lab"]), 0)
})

test.run()
