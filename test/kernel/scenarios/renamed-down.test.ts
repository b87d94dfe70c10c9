/** Before Linux 6.2 a link is set down to be called otherwise, by whoever does it: what goes along with that comes back. */
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"

const LAB = `
name: lab
bridges: { lan: {}, wan: {} }
containers:
  web:
    command: [sleep, infinity]
    interfaces:
      eth0: { bridge: lan, address: [10.20.0.2/24, "fd20::2/64"] }
      eth1: { bridge: wan, address: [10.21.0.2/24, "fd21::2/64"] }
    routes: [{ to: "fd90::/64", nexthops: [{ via: "fd20::3" }, { via: "fd21::3", weight: 2 }] }]
`

scenario("a route by several next hops holds where a link of them has lost its address, as it was called otherwise by hand", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const before = inits(sandbox, "lab")
  const { init } = live(sandbox, "lab", "web")
  const routes = () => inside(init, "-n", "ip", "-6", "route", "show", "fd90::/64").stdout
  const first = routes()
  for (const name of ["eth0", "eth1"]) {
    expectStatus(inside(init, "-n", "sh", "-c", `ip link set ${name} down && ip link set ${name} name other up`), 0)
    assert.ok(verdicts(planOf(sandbox, file)).includes(`update interface.web.${name}`))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(routes(), first)
  }
  assert.equal(inits(sandbox, "lab"), before)
})

test.run()
