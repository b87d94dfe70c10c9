/** VLANs of bridge ports, changed on a running lab, and looked at with bridge(8). */
import { spawnSync } from "node:child_process"
import * as assert from "uvu/assert"
import { again, lab, ping, turn } from "../../support/bridge-lab.ts"
import { apply, expectConverged, expectStatus, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { missing, testsUnless } from "../../support/skip.ts"

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
