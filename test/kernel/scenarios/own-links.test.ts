/** Links that lie on another link of their container: a macvlan, an ipvlan or a VLAN on one of its interfaces, or on an end of a pair. */
import { spawnSync } from "node:child_process"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"
import { testsUnless } from "../../support/skip.ts"

function hasKind(words: string): boolean {
  return spawnSync("unshare", ["-n", "sh", "-c", `ip link add low type veth && ip link add probe link low ${words}`]).status === 0
}

function scenarioOf(kind: string, words: string): typeof scenario {
  const has = hasKind(words)
  return (name, body) => (has ? scenario(name, body) : testsUnless(`this kernel has no ${kind}`)(name, () => undefined))
}

const scenarioOfMacvlans = scenarioOf("macvlan", "type macvlan")

type Live = {
  ifname: string
  ifindex: number
  link?: string
  mtu: number
  flags: string[]
  ifalias?: string
  linkinfo: { info_kind: string }
}

function inWeb(sandbox: Sandbox, ...command: string[]): string {
  return expectStatus(inside(inits(sandbox, "lab").web as number, "-n", ...command), 0).stdout
}

function link(sandbox: Sandbox, name: string): Live {
  return JSON.parse(inWeb(sandbox, "ip", "-d", "-j", "link", "show", name))[0]
}

/** By the file, or after a change by hand: what the plan says, and that one apply makes it so. */
function turner(sandbox: Sandbox, file: string) {
  return (expected: string[]) => {
    assert.equal(verdicts(planOf(sandbox, file)), expected)
    apply(sandbox, file)
    expectConverged(sandbox, file)
  }
}

const macvlans = ({ eth1 = "bridge: lan", mv1 = "macvlan: { link: eth1 }", core = "" } = {}) => `
name: lab
bridges: { lan: { address: 10.60.0.1/24 }, two: {} }
veths: { core: { endpoints: ["web:eth2", "db:eth2"]${core} } }
containers:
  web:
    command: [sleep, infinity]
    routes: [{ to: 10.9.0.0/16, via: 10.60.0.254, dev: mv1 }]
    interfaces:
      mv1: { ${mv1}, address: [10.60.0.2/24, "fd60::2/64"], gateway: 10.60.0.1 }
      mv2: { macvlan: { link: eth2 }, mode: private }
      eth1: { ${eth1} }
  db:
    command: [sleep, infinity]
  many:
    replicas: 2
    command: [sleep, infinity]
    interfaces: { on0: { macvlan: { link: eth0 } }, eth0: { bridge: two, mtu: 1300 } }
`

scenarioOfMacvlans("a link that is made anew alone takes along what lies on it, and the routes by that: the plan says so", (sandbox) => {
  const file = sandbox.file("stack.yaml", macvlans())
  apply(sandbox, file)
  const was = inits(sandbox, "lab")
  const before = ["eth1", "mv1", "mv2"].map((name) => link(sandbox, name).ifindex)
  const aim = ["--replace", "interface.web.eth1", "--target", "interface.web.eth1"]
  assert.equal(verdicts(planOf(sandbox, file, ...aim)), [
    "update container.web",
    "delete+create interface.web.mv1",
    "delete+create interface.web.eth1",
  ])
  apply(sandbox, file, ...aim)
  assert.equal(inits(sandbox, "lab"), was)
  const after = ["eth1", "mv1", "mv2"].map((name) => link(sandbox, name).ifindex)
  assert.equal(
    after.map((index, i) => index === before[i]),
    [false, false, true],
  )
  assert.match(inWeb(sandbox, "ip", "route"), "10.9.0.0/16 via 10.60.0.254 dev mv1")
  expectConverged(sandbox, file)
  assert.equal(verdicts(planOf(sandbox, file, "--replace", "interface.web.eth1", "--exclude", "interface.web.mv1")), [])
})

scenarioOfMacvlans(
  "a macvlan on an interface, and on a pair's end, of its own container: made after it in any order of the file, and gone and come with it",
  (sandbox) => {
    const before = readTraces(sandbox)
    const wish = (words: Parameters<typeof macvlans>[0] = {}) => sandbox.file("stack.yaml", macvlans(words))
    const file = wish()
    expectStatus(sandbox.stack(["plan", "--out", "saved", "-f", file]), 0)
    expectStatus(sandbox.stack(["apply", "saved"]), 0)
    expectConverged(sandbox, file)
    const turn = turner(sandbox, file)
    const { web } = inits(sandbox, "lab")
    const first = link(sandbox, "mv1")
    assert.equal([first.link, first.linkinfo.info_kind, first.ifalias], ["eth1", "macvlan", "stack:lab/interface.web.mv1"])
    assert.is(link(sandbox, "mv2").link, "eth2")
    inWeb(sandbox, "ping", "-c1", "-W5", "10.60.0.1")
    // What the link below does in place it does under it.
    wish({ eth1: "bridge: two, mac: 02:00:00:00:00:07" })
    turn(["update interface.web.eth1"])
    assert.is(link(sandbox, "mv1").ifindex, first.ifindex)
    wish({ eth1: "bridge: lan, mtu: 1400", core: ", mtu: 9000" })
    turn(["update veth.core", "update interface.web.mv1", "update interface.web.mv2", "update interface.web.eth1"])
    assert.equal(
      ["mv1", "mv2", "eth1", "eth2"].map((name) => link(sandbox, name).mtu),
      [1400, 9000, 1400, 9000],
    )
    wish()
    turn(["update veth.core", "update interface.web.mv1", "update interface.web.mv2", "update interface.web.eth1"])
    assert.is(link(sandbox, "mv1").ifindex, first.ifindex)
    // The kernel takes it away with the link below.
    inWeb(sandbox, "ip", "link", "del", "eth1")
    turn(["update container.web", "create interface.web.mv1", "create interface.web.eth1"])
    inWeb(sandbox, "ip", "link", "del", "eth2")
    turn(["create veth.core", "create interface.web.mv2"])
    inWeb(sandbox, "ip", "link", "del", "mv1")
    turn(["update container.web", "create interface.web.mv1"])
    inWeb(sandbox, "ping", "-c1", "-W5", "10.60.0.1")
    // By hand: called otherwise, which is no other link.
    const second = link(sandbox, "mv1")
    for (const words of ["set eth1 down", "set eth1 name other up"]) inWeb(sandbox, "ip", "link", ...words.split(" "))
    turn(["update interface.web.eth1"])
    assert.equal([link(sandbox, "mv1").ifindex, link(sandbox, "mv1").link], [second.ifindex, "eth1"])
    // By the file: it lies on another one, and what it lies on becomes something else.
    wish({ mv1: "macvlan: { link: eth2 }" })
    turn(["update container.web", "delete+create interface.web.mv1"])
    wish({ eth1: "macvlan: lab-lan", mv1: "macvlan: { link: eth2 }" })
    turn(["delete+create interface.web.eth1"])
    wish({ mv1: "macvlan: { link: eth1 }" })
    turn(["update container.web", "delete+create interface.web.mv1", "delete+create interface.web.eth1"])
    const plan = expectStatus(sandbox.stack(["plan", "--replace", "interface.web.eth1", "-f", file]), 0).stdout
    assert.match(plan, "-/+ interface.web.mv1  # interface.web.eth1 is replaced")
    expectStatus(sandbox.stack(["apply", "-y", "--replace", "interface.web.eth1", "-f", file]), 0)
    expectConverged(sandbox, file)
    expectStatus(sandbox.stack(["apply", "-y", "--replace", "veth.core", "-f", file]), 0)
    expectConverged(sandbox, file)
    assert.match(inWeb(sandbox, "ip", "route"), "10.9.0.0/16 via 10.60.0.254 dev mv1")
    assert.is(inits(sandbox, "lab").web, web)
    // With its container it is made anew; a command that is started again finds it as it was.
    const third = link(sandbox, "mv1")
    process.kill(web as number, "SIGKILL")
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(link(sandbox, "mv1").ifindex, third.ifindex)
    expectStatus(sandbox.stack(["apply", "-y", "--replace", "container.web", "-f", file]), 0)
    expectConverged(sandbox, file)
    // As it is told and written.
    const shown = expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout
    assert.match(shown, /interface\.web\.mv1 +\S+ +macvlan {2}on eth1 /)
    assert.match(shown, /web:mv1 +up +web:eth1 /)
    expectStatus(sandbox.stack(["import", "--live", "-p", "lab", "-o", "again.yaml"]), 0)
    expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", "again.yaml"]), 0)
    const again = sandbox.run(["cat", "again.yaml"]).stdout
    assert.match(again, /macvlan: \{ link: eth1 \}/, again)
    assert.is(again.match(/mtu/g)?.length, 1, again)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    expectSameTraces(readTraces(sandbox), before)
  },
)

const scenarioOfVlans = scenarioOf("vlan", "type vlan id 5")
const scenarioOfIpvlans = scenarioOf("ipvlan", "type ipvlan")

/** A router on a stick: one port of the switch carries the VLANs of both hosts. */
const ROUTE = "routes: [{ to: 10.9.0.0/16, via: 10.0.10.9, dev: eth1.10 }]"
const stick = ({ eth1 = "", ten = "id: 10", routes = ROUTE, twenty = ", impair: { rate: 10mbit }" } = {}) => `
name: lab
bridges: { sw: { vlan_filtering: true } }
containers:
  web:
    command: [sleep, infinity]
    sysctls: { net.ipv4.ip_forward: 1, net.ipv4.conf.eth1/10.rp_filter: 2 }
    ${routes}
    interfaces:
      eth1.10: { vlan: { link: eth1, ${ten} }, address: [10.0.10.1/24, "fd10::1/64"] }
      eth1.20: { vlan: { link: eth1, id: 20 }, address: [10.0.20.1/24, "fd20::1/64"]${twenty} }
      eth1: { bridge: sw, trunk: [10, 20]${eth1} }
  h1: { command: [sleep, infinity], interfaces: { eth0: { bridge: sw, vlan: 10, address: 10.0.10.2/24, gateway: 10.0.10.1 } } }
  h2: { command: [sleep, infinity], interfaces: { eth0: { bridge: sw, vlan: 20, address: 10.0.20.2/24, gateway: 10.0.20.1 } } }
`

const isUp = (sandbox: Sandbox, name: string) => link(sandbox, name).flags.includes("UP")
const ROUTER = ["eth1", "eth1.10", "eth1.20"].map((name) => `interface.web.${name}`)
const [ETH1, TEN, TWENTY] = ROUTER as [string, string, string]

scenarioOfVlans(
  "a router on a stick passes packets between the VLANs of its one link; both are changed in place, by hand and by the file, and made anew with it",
  (sandbox) => {
    const before = readTraces(sandbox)
    const wish = (words: Parameters<typeof stick>[0] = {}) => sandbox.file("stack.yaml", stick(words))
    const file = wish()
    apply(sandbox, file)
    expectConverged(sandbox, file)
    const turn = turner(sandbox, file)
    const passes = () =>
      assert.match(expectStatus(inside(inits(sandbox, "lab").h1 as number, "-n", "ping", "-c1", "-W9", "10.0.20.2"), 0).stdout, "ttl=63")
    passes()
    const first = link(sandbox, "eth1.10")
    assert.equal([first.link, first.linkinfo.info_kind, first.mtu], ["eth1", "vlan", 1500])
    assert.is((first.linkinfo as { info_data?: { id: number } }).info_data?.id, 10)
    // By hand: down and with another mtu, deleted, the link below down, and its mtu too small for them.
    inWeb(sandbox, "ip", "link", "set", "eth1.10", "mtu", "1400", "down")
    turn(["update container.web", `update ${TEN}`])
    inWeb(sandbox, "ip", "link", "del", "eth1.20")
    turn([`create ${TWENTY}`])
    inWeb(sandbox, "ip", "link", "set", "eth1", "down")
    assert.equal(isUp(sandbox, "eth1.10"), false)
    turn(["update container.web", `update ${TEN}`, `update ${TWENTY}`, `update ${ETH1}`])
    inWeb(sandbox, "ip", "link", "set", "eth1", "mtu", "1300")
    turn([`update ${TEN}`, `update ${TWENTY}`, `update ${ETH1}`])
    inWeb(sandbox, "ip", "addr", "del", "fd10::1/64", "dev", "eth1.10")
    turn([`update ${TEN}`])
    assert.is(link(sandbox, "eth1.10").ifindex, first.ifindex)
    passes()
    // By the file: down, and up again while one of them is to stay down.
    wish({ eth1: ", up: false", routes: "" })
    turn(["update container.web", `update ${TEN}`, `update ${TWENTY}`, `update ${ETH1}`])
    wish({ twenty: ", up: false" })
    turn(["update container.web", `update ${TEN}`, `update ${TWENTY}`, `update ${ETH1}`])
    assert.equal(
      ["eth1.10", "eth1.20"].map((name) => isUp(sandbox, name)),
      [true, false],
    )
    wish()
    turn([`update ${TWENTY}`])
    // By a command, for a while: what goes with it is put back, too.
    expectStatus(sandbox.stack(["link", "down", "web:eth1", "--for", "100ms", "-f", file]), 0)
    expectConverged(sandbox, file)
    // Its number, its link and what that is make it anew.
    wish({ ten: "id: 11" })
    turn(["update container.web", `delete+create ${TEN}`])
    wish()
    turn(["update container.web", `delete+create ${TEN}`])
    inWeb(sandbox, "ip", "link", "del", "eth1")
    turn(["update container.web", `create ${TEN}`, `create ${TWENTY}`, `create ${ETH1}`])
    expectStatus(sandbox.stack(["apply", "-y", "--replace", ETH1, "-f", file]), 0)
    expectConverged(sandbox, file)
    assert.match(inWeb(sandbox, "tc", "qdisc", "show", "dev", "eth1.20"), "rate 10Mbit")
    passes()
    expectStatus(sandbox.stack(["import", "--live", "-p", "lab", "-o", "again.yaml"]), 0)
    expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", "again.yaml"]), 0)
    // What somebody in there has made on it is nobody's, but has the number.
    inWeb(sandbox, "ip", "link", "del", "eth1.10")
    inWeb(sandbox, ..."ip link add link eth1 name of.mine type vlan id 10".split(" "))
    const refused = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1).stderr
    assert.match(refused, "hint: eth1 has a VLAN 10 that somebody has made in the container")
    assert.match(refused, /stack\.yaml:10:\d+: error: ip link add eth1\.10 link eth1 .*EEXIST/)
    inWeb(sandbox, "ip", "link", "del", "of.mine")
    apply(sandbox, file)
    expectConverged(sandbox, file)
    const without = stick().replace(/^ +eth1\.20.*\n/m, "")
    sandbox.file("stack.yaml", without)
    turn(["update hosts.stack", `delete ${TWENTY}`])
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    expectSameTraces(readTraces(sandbox), before)
  },
)

const qinq = ({ mtu = "", outer = "id: 100", core = "" } = {}) => `
name: lab
veths: { core: { endpoints: ["web:up0", "db:up0"]${core} } }
containers:
  web:
    command: [sleep, infinity]
    interfaces:
      red: { vrf: { table: 10 } }
      inner: { vlan: { link: outer, id: 5 }, address: 10.0.5.1/24, master: red }
      outer: { vlan: { link: up0, ${outer} }${mtu} }
  db:
    command: [sleep, infinity]
    interfaces:
      outer: { vlan: { link: up0, ${outer} } }
      inner: { vlan: { link: outer, id: 5 }, address: 10.0.5.2/24 }
`

scenarioOfVlans("a VLAN on a VLAN on a pair's end, in a vrf: two tags, made anew together", (sandbox) => {
  const wish = (words: Parameters<typeof qinq>[0] = {}) => sandbox.file("stack.yaml", qinq(words))
  const file = wish()
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const turn = turner(sandbox, file)
  assert.is(link(sandbox, "inner").link, "outer")
  inWeb(sandbox, "ping", "-c1", "-W9", "-I", "red", "10.0.5.2")
  wish({ core: ", mtu: 9000" })
  turn(["update veth.core", ...["web.inner", "web.outer", "db.outer", "db.inner"].map((name) => `update interface.${name}`)])
  assert.equal(
    ["up0", "outer", "inner"].map((name) => link(sandbox, name).mtu),
    [9000, 9000, 9000],
  )
  wish({ core: ", mtu: 9000", mtu: ", mtu: 1600" })
  turn(["update interface.web.inner", "update interface.web.outer"])
  assert.is(link(sandbox, "inner").mtu, 1600)
  wish({ outer: "id: 101" })
  turn(["update veth.core", ...["web.inner", "web.outer", "db.outer", "db.inner"].map((name) => `delete+create interface.${name}`)])
  inWeb(sandbox, "ping", "-c1", "-W9", "-I", "red", "10.0.5.2")
  inWeb(sandbox, "ip", "link", "del", "up0")
  turn(["create veth.core", ...["web.inner", "web.outer", "db.outer", "db.inner"].map((name) => `create interface.${name}`)])
  inWeb(sandbox, "ping", "-c1", "-W9", "-I", "red", "10.0.5.2")
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
})

const onBond = (trunk = "bond0", rest = "") => `
name: lab${rest}
bridges: { sw: { vlan_filtering: true } }
containers:
  web:
    command: [sleep, infinity]
    routes: [{ to: "fd09::/64", via: "fd10::9", dev: v10 }]
    interfaces:
      v11: { vlan: { link: ${trunk}, id: 11 }, up: false, address: "fd11::1/64" }
      v10: { vlan: { link: ${trunk}, id: 10 }, address: [10.0.10.1/24, "fd10::1/64"] }
      ${trunk}: { bond: { mode: active-backup, members: [eth1] } }
      eth1: { bridge: sw, trunk: [10, 11] }
  h1: { command: [sleep, infinity], interfaces: { eth0: { bridge: sw, vlan: 10, address: 10.0.10.2/24 } } }
`

scenarioOf("bond", "type vlan id 5 && ip link add bo type bond")(
  "a VLAN on a bond stays as it is where the bond gets another name, whatever the kernel takes away for that, and is made anew with it",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", onBond())
    apply(sandbox, file)
    expectConverged(sandbox, file)
    const turn = turner(sandbox, file)
    const reaches = () => inWeb(sandbox, "ping", "-c1", "-W9", "10.0.10.2")
    reaches()
    const { ifindex } = link(sandbox, "v10")
    sandbox.file("stack.yaml", onBond("trunk0", "\nmoved: [{ from: interface.web.bond0, to: interface.web.trunk0 }]"))
    turn(["update interface.web.trunk0"])
    assert.equal(
      ["v10", "v11"].map((name) => [link(sandbox, name).link, isUp(sandbox, name)]),
      [
        ["trunk0", true],
        ["trunk0", false],
      ],
    )
    assert.is(link(sandbox, "v10").ifindex, ifindex)
    inWeb(sandbox, "ip", "link", "del", "eth1")
    assert.ok(verdicts(planOf(sandbox, file)).includes("create interface.web.eth1"))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    reaches()
    expectStatus(sandbox.stack(["apply", "-y", "--replace", "interface.web.trunk0", "-f", file]), 0)
    expectConverged(sandbox, file)
    reaches()
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  },
)

scenarioOfIpvlans("an ipvlan on an interface of its container has that one's MAC address, and keeps an mtu of its own", (sandbox) => {
  const wish = (mtu: number) =>
    sandbox.file(
      "stack.yaml",
      `name: lab
bridges: { lan: { address: 10.60.0.1/24, mtu: 9000 } }
containers:
  web:
    command: [sleep, infinity]
    interfaces: { eth1: { bridge: lan, mtu: ${mtu} }, ip1: { ipvlan: { link: eth1 }, mtu: 1300, address: 10.60.0.2/24 } }
`,
    )
  const file = wish(9000)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  inWeb(sandbox, "ping", "-c1", "-W9", "10.60.0.1")
  wish(1500)
  turner(sandbox, file)(["update interface.web.eth1", "update interface.web.ip1"])
  assert.equal([link(sandbox, "ip1").mtu, link(sandbox, "ip1").linkinfo.info_kind], [1300, "ipvlan"])
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
})

if (!hasKind("type vlan id 5"))
  scenario("a VLAN is refused by the plan of a kernel that has none, where the file says it", (sandbox) => {
    const { stderr } = expectStatus(sandbox.stack(["plan", "-f", sandbox.file("stack.yaml", stick())]), 1)
    assert.match(stderr, /stack\.yaml:10:\d+: error: this kernel has no links of kind vlan/)
    assert.match(stderr, "CONFIG_VLAN_8021Q")
  })

test.run()
