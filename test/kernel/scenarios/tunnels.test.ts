/** Tunnels between containers, and vrfs: what routers of a lab are made of. */
import { spawnSync } from "node:child_process"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { testsUnless } from "../../support/skip.ts"

function inWeb(sandbox: Sandbox, ...command: string[]): string {
  return expectStatus(inside(inits(sandbox, "lab").web as number, "-n", ...command), 0).stdout
}

const without = ["ip_gre", "vrf"].map((kind) => {
  const words = kind === "vrf" ? "type vrf table 10" : "type gre remote 10.0.0.2"
  return spawnSync("unshare", ["-n", "sh", "-c", `ip link add probe ${words}`]).status === 0 ? undefined : `this kernel has no ${kind}`
})
const routers = without.find((lacks) => lacks !== undefined)
const scenarioOfRouters: typeof scenario = (name, body) =>
  routers === undefined ? scenario(name, body) : testsUnless(routers)(name, () => undefined)

scenarioOfRouters(
  "a gre between two containers carries packets, keeps its link when its container is restarted, and a vrf keeps its routes apart",
  (sandbox) => {
    const text = (key: string, rest = "") => `
name: lab
bridges: { lan: {} }
containers:
  web:
    command: [sleep, infinity]
    interfaces:
      eth0: { bridge: lan, address: 10.60.0.1/24 }
      t0: { gre: { remote: 10.60.0.2, local: 10.60.0.1${key} }, address: 10.61.0.1/30 }
${rest}  db:
    command: [sleep, infinity]
    interfaces:
      eth0: { bridge: lan, address: 10.60.0.2/24 }
      t0: { gre: { remote: 10.60.0.1, local: 10.60.0.2${key} }, address: 10.61.0.2/30 }
`
    const vrf = "      blue: { vrf: { table: 10 } }\n      eth1: { bridge: lan, address: 10.62.0.1/24, master: blue }\n"
    const file = sandbox.file("stack.yaml", text(", key: 7"))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    const before = inits(sandbox, "lab")
    inWeb(sandbox, "ping", "-c1", "-W3", "10.61.0.2")
    inWeb(sandbox, "ip", "link", "set", "t0", "type", "gre", "remote", "10.60.0.2", "local", "10.60.0.1", "ikey", "7", "okey", "9")
    assert.match(expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout, "link.okey: 9 -> (not set)")
    assert.equal(verdicts(planOf(sandbox, file)), ["delete+create interface.web.t0"])
    apply(sandbox, file)
    expectConverged(sandbox, file)
    inWeb(sandbox, "ping", "-c1", "-W3", "10.61.0.2")
    expectStatus(sandbox.stack(["import", "--live", "-p", "lab", "-o", "again.yaml"]), 0)
    expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", "again.yaml"]), 0)
    sandbox.file("stack.yaml", text(", key: 8", vrf))
    const expected = [
      "update hosts.stack",
      "delete+create interface.web.t0",
      "create interface.web.blue",
      "create interface.web.eth1",
      "delete+create interface.db.t0",
    ]
    assert.equal(verdicts(planOf(sandbox, file)), expected)
    apply(sandbox, file)
    expectConverged(sandbox, file)
    inWeb(sandbox, "ping", "-c1", "-W3", "10.61.0.2")
    assert.match(inWeb(sandbox, "ip", "route", "show", "table", "10"), "10.62.0.0/24 dev eth1")
    assert.not.match(inWeb(sandbox, "ip", "route", "show"), "10.62.0.0/24")
    sandbox.file("stack.yaml", text(", key: 8", vrf.replace(", master: blue", "")))
    assert.equal(verdicts(planOf(sandbox, file)), ["delete+create interface.web.eth1"])
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal(inits(sandbox, "lab"), before)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  },
)

test.run()
