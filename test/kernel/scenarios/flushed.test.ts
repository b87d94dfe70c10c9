/** Who flushes a routing table takes away the kernel's own routes, too: those to the subnets of a link's addresses, without which no gateway is reached. */
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inside, live, pings, planOf, scenario, test, verdicts } from "../../support/lab.ts"

const LAB = `
name: lab
bridges: { lan: { address: [10.20.0.1/24, "fd20::1/64"] } }
veths:
  core: { endpoints: [{ container: r1, interface: eth1, address: [10.1.0.1/30, "fd01::1/64"] }, { container: r2, interface: eth1, address: [10.1.0.2/30, "fd01::2/64"] }] }
containers:
  r1:
    command: [sleep, infinity]
    interfaces: { eth0: { bridge: lan, address: [10.20.0.2/24, "fd20::2/64"], gateway: [10.20.0.1, "fd20::1"] } }
    routes: [{ to: 10.9.0.0/16, via: 10.1.0.2 }, { to: "fd09::/64", via: "fd01::2" }]
  r2:
    command: [sleep, infinity]
`

scenario("what somebody has flushed is there again after the next apply, with what leads to its next hops", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const { init } = live(sandbox, "lab", "r1")
  const routes = () =>
    ["-4", "-6"].flatMap((family) =>
      expectStatus(inside(init, "-n", "ip", "-N", family, "route", "show"), 0)
        .stdout.split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "" && !line.includes("fe80::/64"))
        .sort(),
    )
  const before = routes()
  for (const family of ["-4", "-6"]) expectStatus(inside(init, "-n", "ip", family, "route", "flush", "table", "main"), 0)
  assert.equal(verdicts(planOf(sandbox, file)), ["update veth.core", "update container.r1", "update interface.r1.eth0"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(routes(), before)
  for (const address of ["10.1.0.2", "10.20.0.1"]) assert.ok(pings(init, address))
  apply(
    sandbox,
    sandbox.file(
      "stack.yaml",
      LAB.replace("[10.1.0.1/30,", "[10.1.0.9/30,").replace("10.1.0.2/30", "10.1.0.10/30").replace("via: 10.1.0.2", "via: 10.1.0.10"),
    ),
  )
  assert.not.match(routes().join("\n"), "10.1.0.0/30")
})

test.run()
