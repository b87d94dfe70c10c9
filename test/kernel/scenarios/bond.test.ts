/** Bonds: several interfaces of a container as one. */
import { spawnSync } from "node:child_process"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { testsUnless } from "../../support/skip.ts"

const has = spawnSync("unshare", ["-n", "ip", "link", "add", "probe", "type", "bond"]).status === 0
const scenarioOfBonds: typeof scenario = (name, body) =>
  has ? scenario(name, body) : testsUnless("this kernel has no bond")(name, () => undefined)

const lab = (bond: string, eth1 = "{ bridge: one }") => `
name: lab
bridges: { one: { address: 10.60.0.1/24 }, two: {} }
containers:
  web:
    command: [sleep, infinity]
    interfaces:
      eth1: ${eth1}
      eth2: { bridge: two }
${bond}`

const BOND = "      bond0: { bond: { mode: active-backup, members: [eth1, eth2] }, address: 10.60.0.2/24 }\n"

function inWeb(sandbox: Sandbox, ...command: string[]): string {
  return expectStatus(inside(inits(sandbox, "lab").web as number, "-n", ...command), 0).stdout
}

type Live = { ifname: string; ifindex: number; master?: string; flags: string[]; linkinfo: { info_data: { mode: string; miimon: number } } }

function link(sandbox: Sandbox, name: string): Live {
  return JSON.parse(inWeb(sandbox, "ip", "-d", "-j", "link", "show", name))[0]
}

const members = (sandbox: Sandbox) =>
  ["eth1", "eth2"].map((name) => link(sandbox, name)).map(({ master, flags }) => `${master ?? "-"} ${flags.includes("UP") ? "up" : "down"}`)

scenarioOfBonds("a bond carries what its members carry; members and miimon change in place, by the file and by hand", (sandbox) => {
  const file = sandbox.file("stack.yaml", lab(BOND))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(members(sandbox), ["bond0 up", "bond0 up"])
  const first = link(sandbox, "bond0")
  assert.equal([first.linkinfo.info_data.mode, first.linkinfo.info_data.miimon], ["active-backup", 100])
  inWeb(sandbox, "ping", "-c1", "-W5", "10.60.0.1")
  const turn = (expected: string[]) => {
    assert.equal(verdicts(planOf(sandbox, file)), expected)
    apply(sandbox, file)
    expectConverged(sandbox, file)
  }
  // By hand.
  inWeb(sandbox, "ip", "link", "set", "eth1", "nomaster")
  turn(["update interface.web.eth1", "update interface.web.bond0"])
  inWeb(sandbox, "ip", "link", "set", "bond0", "type", "bond", "miimon", "50")
  turn(["update interface.web.bond0"])
  inWeb(sandbox, "ip", "link", "del", "eth2")
  turn(["create interface.web.eth2", "update interface.web.bond0"])
  assert.equal(members(sandbox), ["bond0 up", "bond0 up"])
  inWeb(sandbox, "ping", "-c1", "-W5", "10.60.0.1")
  // By the file: a cut member, another MAC address of one, one that leaves, another interval.
  sandbox.file("stack.yaml", lab(BOND, "{ bridge: one, up: false }"))
  turn(["update interface.web.eth1"])
  assert.equal(members(sandbox), ["bond0 down", "bond0 up"])
  sandbox.file("stack.yaml", lab(BOND, "{ bridge: one, mac: 02:00:00:00:00:77 }"))
  turn(["update interface.web.eth1"])
  assert.equal(members(sandbox), ["bond0 up", "bond0 up"])
  sandbox.file("stack.yaml", lab(BOND.replace("eth1, ", "").replace("mode:", "miimon: 200, mode:")))
  turn(["update interface.web.eth1", "update interface.web.bond0"])
  assert.equal(members(sandbox), ["- up", "bond0 up"])
  assert.is(link(sandbox, "bond0").ifindex, first.ifindex)
  expectStatus(sandbox.stack(["import", "--live", "-p", "lab", "-o", "again.yaml"]), 0)
  expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", "again.yaml"]), 0)
  // Its only member leaves, and another one comes; by hand it is made anew: the bond has its own MAC address all the while.
  sandbox.file("stack.yaml", lab(BOND.replace("eth1, eth2", "eth1").replace("mode:", "miimon: 200, mode:")))
  turn(["update interface.web.bond0"])
  assert.equal(members(sandbox), ["bond0 up", "- up"])
  inWeb(sandbox, "ip", "link", "del", "eth1")
  assert.ok(verdicts(planOf(sandbox, file)).includes("create interface.web.eth1"))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(members(sandbox), ["bond0 up", "- up"])
  // Another mode makes it anew, and what it lets go when it goes is up again.
  sandbox.file("stack.yaml", lab(BOND.replace("active-backup", "balance-xor")))
  turn(["delete+create interface.web.bond0"])
  assert.equal(members(sandbox), ["bond0 up", "bond0 up"])
  sandbox.file("stack.yaml", lab(""))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(members(sandbox), ["- up", "- up"])
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
})

if (!has)
  scenario("a bond is refused by the plan of a kernel that has none", (sandbox) => {
    const { stderr } = expectStatus(sandbox.stack(["plan", "-f", sandbox.file("stack.yaml", lab(BOND))]), 1)
    assert.match(stderr, /stack\.yaml:10:\d+: error: this kernel has no links of kind bond/)
    assert.match(stderr, "CONFIG_BONDING")
  })

test.run()
