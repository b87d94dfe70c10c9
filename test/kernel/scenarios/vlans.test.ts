/** VLANs of bridge ports, changed on a running lab, and looked at with bridge(8). */
import { spawnSync } from "node:child_process"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { missing, testsUnless } from "../../support/skip.ts"

const lab = (bridge: string, web: string, db = "") => `
name: lab
bridges: { lan: { address: 10.20.0.1/24, ${bridge} } }
containers:
  web:
    command: [sleep, infinity]
    interfaces: { eth0: { bridge: lan, address: 10.20.0.2/24, ${web} } }
  db:
    command: [sleep, infinity]
    interfaces: { eth0: { bridge: lan, address: 10.20.0.3/24, ${db} } }
`

/** The file is changed, the plan says exactly this, and the containers run on. */
function turn(sandbox: Sandbox, text: string, expected: string[]): void {
  const before = inits(sandbox, "lab")
  const file = sandbox.file("stack.yaml", text)
  assert.equal(verdicts(planOf(sandbox, file)), expected)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(inits(sandbox, "lab"), before)
}

function again(sandbox: Sandbox): void {
  expectStatus(sandbox.stack(["import", "--live", "-p", "lab", "-o", "again.yaml"]), 0)
  expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", "again.yaml"]), 0)
}

function ping(sandbox: Sandbox, from: string, to: string): number {
  return inside(inits(sandbox, "lab")[from] as number, "-n", "ping", "-c1", "-W1", to).status
}

const words = ["-n", "ip", "link", "add", "probe", "type", "bridge", "vlan_filtering", "1"]
const lacking = spawnSync("unshare", words).status === 0 ? undefined : "this kernel's bridges filter no VLANs"
const scenarioWithVlans: typeof scenario = (name, body) =>
  lacking === undefined ? scenario(name, body) : testsUnless(missing("bridge") ?? lacking)(name, () => undefined)

if (lacking !== undefined) {
  scenario("a bridge that is to filter VLANs is refused by the plan of a kernel that cannot", (sandbox) => {
    const ran = expectStatus(sandbox.stack(["plan", "-f", sandbox.file("stack.yaml", lab("vlan_filtering: true", ""))]), 1)
    assert.match(ran.stderr, "error: this kernel's bridges filter no VLANs")
    assert.match(ran.stderr, "CONFIG_BRIDGE_VLAN_FILTERING")
  })
}

function vlansOf(sandbox: Sandbox, port: string): unknown[] {
  const found = JSON.parse(sandbox.run(["bridge", "-j", "vlan", "show", "dev", port]).stdout)
  return found[0]?.vlans.map(({ vlan, flags = [] }: { vlan: number; flags?: string[] }) => [vlan, ...flags].join(" ")) ?? []
}

scenarioWithVlans("access and trunk ports: who is in another VLAN is not reached, and all of it changes on the running lab", (sandbox) => {
  const wish = (web: string, db: string) => lab("vlan_filtering: true", web, db)
  const file = sandbox.file("stack.yaml", wish("vlan: 10, trunk: [20, 30-32]", "vlan: 10"))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  again(sandbox)
  assert.equal(vlansOf(sandbox, "lab-web-eth0"), ["10 PVID Egress Untagged", "20", "30", "31", "32"])
  assert.equal([ping(sandbox, "web", "10.20.0.3"), ping(sandbox, "web", "10.20.0.1")], [0, 1])
  turn(sandbox, wish("vlan: 10, trunk: [20, 30-32]", ""), ["update interface.db.eth0"])
  assert.equal(vlansOf(sandbox, "lab-db-eth0"), ["1 PVID Egress Untagged"])
  assert.equal([ping(sandbox, "web", "10.20.0.3"), ping(sandbox, "db", "10.20.0.1")], [1, 0])
  expectStatus(sandbox.run(["bridge", "vlan", "add", "dev", "lab-web-eth0", "vid", "77"]), 0)
  assert.equal(verdicts(planOf(sandbox, file)), ["update interface.web.eth0"])
  turn(sandbox, wish("trunk: 20", ""), ["update interface.web.eth0"])
  assert.equal(vlansOf(sandbox, "lab-web-eth0"), ["20"])
  turn(sandbox, lab("vlan_filtering: true, vlan_default_pvid: 5", "trunk: 20", ""), ["update bridge.lan", "update interface.db.eth0"])
  assert.equal(vlansOf(sandbox, "lab-db-eth0"), ["5 PVID Egress Untagged"])
  turn(sandbox, lab("", "", ""), ["update bridge.lan"])
  turn(sandbox, wish("vlan: 10", "vlan: 10"), ["update bridge.lan", "update interface.web.eth0", "update interface.db.eth0"])
  assert.is(ping(sandbox, "web", "10.20.0.3"), 0)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
})

test.run()
