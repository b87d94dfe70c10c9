/** Routing daemons of FRR in containers, over our links: the lab that is shipped as stacks/frr. */
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as assert from "uvu/assert"
import { eventually } from "../../support/eventually.ts"
import { apply, expectConverged, expectStatus, inits, inside, live, pings, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const FILE = fileURLToPath(new URL("../../../stacks/frr/stack.yaml", import.meta.url))

/** FRR's daemons are in no folder of PATH. */
const NEEDED = ["vtysh", ...(existsSync("/usr/lib/frr/zebra") ? [] : ["zebra"])]

/** The next hop of a router's route to r4, and by whom it is known. */
function wayToR4(sandbox: Sandbox, router: string): string {
  const { stdout } = inside(live(sandbox, "frr", router).init, "-n", "ip", "-j", "route", "show", "10.4.0.0/24")
  const [route] = JSON.parse(stdout || "[]") as { gateway?: string; protocol: string }[]
  return route === undefined ? "none" : `${route.gateway} ${route.protocol}`
}

async function until(what: string, seen: () => string, expected: string): Promise<void> {
  await eventually(() => seen() === expected, `${what}: ${expected}`)
}

scenario(
  "OSPF and BGP sessions come up, a cut link reroutes, apply heals it, and what the daemons put there is no drift",
  async (sandbox) => {
    apply(sandbox, FILE)
    const [before, wayOfR1] = [inits(sandbox, "frr"), () => wayToR4(sandbox, "r1")]
    await until("OSPF has what r3 knows by BGP", wayOfR1, "10.0.13.2 ospf")
    assert.is(wayToR4(sandbox, "r3"), "10.0.34.2 bgp")
    // The other side hears of it by and by.
    const learnt = () => inside(before.r4 as number, "-n", "ip", "route", "show", "proto", "bgp").stdout
    const networks = ["10.0.12.0/30", "10.0.13.0/30", "10.0.23.0/30"]
    await eventually(() => networks.every((network) => learnt().includes(network)), `r4 has ${networks.join(", ")} by BGP`)
    const peers = expectStatus(sandbox.stack(["exec", "-f", FILE, "r3", "--", "vtysh", "-c", "show bgp summary json"]), 0).stdout
    assert.match(peers, '"state":"Established"')
    assert.ok(pings(before.r1 as number, "10.0.34.2"))
    expectConverged(sandbox, FILE)

    expectStatus(sandbox.stack(["link", "down", "veth.r1-r3", "-f", FILE]), 0)
    await until("the way goes by r2", wayOfR1, "10.0.12.2 ospf")
    assert.ok(pings(before.r1 as number, "10.0.34.2"))
    assert.equal(verdicts(planOf(sandbox, FILE)), ["update veth.r1-r3"])
    apply(sandbox, FILE)
    await until("the link is there again", wayOfR1, "10.0.13.2 ospf")
    expectConverged(sandbox, FILE)

    // A link that comes back of itself has none of the routes that its daemon had given up meanwhile.
    expectStatus(sandbox.stack(["link", "down", "veth.r1-r3", "--for", "6s", "-f", FILE]), 0)
    await until("and again", wayOfR1, "10.0.13.2 ospf")
    expectConverged(sandbox, FILE)
    assert.equal(inits(sandbox, "frr"), before)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", FILE]), 0)
  },
  NEEDED,
)

test.run()
