import { spawnSync } from "node:child_process"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { testsUnless } from "../../support/skip.ts"
import { handEnvironment, hierarchiesOf } from "../drift-matrix/matrix-lab.ts"

function lab(interfaces: string, command = "[sleep, infinity]"): string {
  return `
name: lab
bridges: { lan: {} }
containers:
  web:
    command: ${command}
    interfaces:
      ${interfaces}
`
}

const MACVLAN = "eth0: { macvlan: up0, address: 10.50.0.2/24, gateway: 10.50.0.1 }"

/** A link of the host with somebody at its other end: `up0`, and `far0` in a namespace of its own. */
function uplink(sandbox: Sandbox): void {
  const words = "ip link add up0 type veth peer name far0 && ip link set up0 up && ip link set far0 up && ip addr add 10.50.0.1/24 dev far0"
  expectStatus(sandbox.run(["sh", "-c", words]), 0)
}

function linkInside(sandbox: Sandbox, name: string): { [key: string]: unknown } & { linkinfo: { info_kind: string; info_data?: object } } {
  const [link] = JSON.parse(inWeb(sandbox, "ip", "-d", "-j", "link", "show", name))
  return link
}

/** Names on the host, without what the kernel itself makes in each namespace, as the modules of tunnels do. */
function madeLinks(sandbox: Sandbox): string[] {
  const names = (sandbox.ip("link") as { ifname: string }[]).map(({ ifname }) => ifname)
  return names.filter((name) => !/^(lo|(gre|gretap|erspan|ip6tnl|ip6gre|sit|tunl)0)$/.test(name))
}

function inWeb(sandbox: Sandbox, ...command: string[]): string {
  return expectStatus(inside(inits(sandbox, "lab").web as number, "-n", ...command), 0).stdout
}

scenario("a macvlan has impairments as a port has: made with them, changed in place, drift by hand", (sandbox) => {
  uplink(sandbox)
  const wish = (rest: string) => sandbox.file("stack.yaml", lab(MACVLAN.replace(" }", `${rest} }`)))
  const file = wish(", impair: { rate: 10mbit }")
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const { web } = inits(sandbox, "lab")
  assert.match(inWeb(sandbox, "tc", "qdisc", "show", "dev", "eth0"), "rate 10Mbit")
  inWeb(sandbox, "tc", "qdisc", "del", "dev", "eth0", "root")
  assert.equal(verdicts(planOf(sandbox, file)), ["update interface.web.eth0"])
  wish("")
  expectConverged(sandbox, file)
  wish(", impair: { rate: 5mbit }")
  apply(sandbox, file)
  assert.match(inWeb(sandbox, "tc", "qdisc", "show", "dev", "eth0"), "rate 5Mbit")
  expectConverged(sandbox, file)
  assert.is(inits(sandbox, "lab").web, web)
})

scenario("a macvlan is born in its container, under a name that the host has too, and reaches who is behind its parent", (sandbox) => {
  uplink(sandbox)
  expectStatus(sandbox.run(["ip", "link", "add", "eth0", "type", "bridge"]), 0)
  const file = sandbox.file("stack.yaml", lab(MACVLAN))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const link = linkInside(sandbox, "eth0")
  assert.equal(
    [link.linkinfo.info_kind, (link.linkinfo.info_data as { mode: string }).mode, link.ifalias],
    ["macvlan", "bridge", "stack:lab/interface.web.eth0"],
  )
  inWeb(sandbox, "ping", "-c1", "-W2", "10.50.0.1")
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.equal(madeLinks(sandbox), ["far0", "up0", "eth0"])
})

scenario("a macvlan is made anew while the one before is in a namespace yet that goes by and by", async (sandbox) => {
  uplink(sandbox)
  const file = sandbox.file("stack.yaml", lab(MACVLAN))
  apply(sandbox, file)
  // Somebody's process keeps the namespace, and the link with that MAC address in it, for a moment longer than its monitor.
  const ends = `nsenter -t $web -n sleep "$1" >/dev/null 2>&1 &
    until [ "$(readlink /proc/$!/ns/net)" = "$(readlink /proc/$web/ns/net)" ]; do sleep 0.02; done; kill -KILL $web_monitor; echo $!`
  const end = (seconds: string) =>
    expectStatus(
      sandbox.run(["sh", "-ec", ends, "sh", seconds], { env: handEnvironment(sandbox, hierarchiesOf(sandbox)) }),
      0,
    ).stdout.trim()
  const holder = end("60")
  const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
  assert.match(ran.stderr, /ip link set eth0 up: EADDRINUSE[\s\S]*hint: .*a process is in yet/)
  sandbox.run(["kill", "-KILL", holder])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  end("1.5")
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.match(inWeb(sandbox, "ping", "-c1", "-W2", "10.50.0.1"), "1 received")
})

scenario("what it is replaces the link alone, all else of it changes in place, and a new command keeps it", (sandbox) => {
  uplink(sandbox)
  const file = sandbox.file("stack.yaml", lab(MACVLAN))
  apply(sandbox, file)
  const pid = inits(sandbox, "lab").web
  const turn = (interfaces: string, command?: string) => {
    sandbox.file("stack.yaml", lab(interfaces, command))
    const found = verdicts(planOf(sandbox, file))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    return found
  }
  const changed = MACVLAN.replace("0.2/24", "0.7/24")
    .replace(", gateway: 10.50.0.1", "")
    .replace("macvlan", "mtu: 1400, up: false, mac: 02:00:00:00:00:07, macvlan")
  assert.equal(turn(changed), ["update hosts.stack", "update interface.web.eth0"])
  assert.equal([linkInside(sandbox, "eth0").mtu, linkInside(sandbox, "eth0").operstate], [1400, "DOWN"])
  assert.equal(turn(MACVLAN.replace("macvlan", "mode: private, macvlan")), ["update hosts.stack", "delete+create interface.web.eth0"])
  assert.is((linkInside(sandbox, "eth0").linkinfo.info_data as { mode: string }).mode, "private")
  const vxlan = "eth0: { vxlan: { id: 7, remote: 192.0.2.1, local: 192.0.2.2, port: 4790 }, address: 10.50.0.2/24 }"
  assert.equal(turn(vxlan), ["delete+create interface.web.eth0"])
  const { info_kind, info_data } = linkInside(sandbox, "eth0").linkinfo
  const { id, remote, local, port } = info_data as { [key: string]: unknown }
  assert.equal([info_kind, id, remote, local, port], ["vxlan", 7, "192.0.2.1", "192.0.2.2", 4790])
  assert.is(inits(sandbox, "lab").web, pid)
  const { ifindex, address } = linkInside(sandbox, "eth0")
  assert.equal(turn(vxlan, "[sleep, 1d]"), ["delete+create container.web"])
  const after = linkInside(sandbox, "eth0")
  assert.equal([after.ifindex, after.address], [ifindex, address])
  // Its name goes and comes with its address.
  const [gone, there] = ["delete hosts.stack", "create hosts.stack"]
  assert.equal(turn("eth0: { bridge: lan }", "[sleep, 1d]"), ["update container.web", "delete+create interface.web.eth0", gone])
  assert.equal(turn(vxlan, "[sleep, 1d]"), [there, "update container.web", "delete+create interface.web.eth0"])
  assert.equal(turn("{}", "[sleep, 1d]"), ["update container.web", gone, "delete interface.web.eth0"])
})

/** The entries that somebody has set, without that of `remote`, as bridge(8) has them. */
function fdbInside(sandbox: Sandbox, name: string): string[] {
  const lines = inWeb(sandbox, "bridge", "fdb", "show", "dev", name).trim().split("\n")
  return lines.map((line) => line.replace(/( link-netnsid \d+)? self permanent.*/, "").trim()).sort()
}

scenario("a vxlan sends frames where its fdb says: changed in place, drift by hand, imported", (sandbox) => {
  const wish = (fdb: string) =>
    sandbox.file("stack.yaml", lab(`eth0: { vxlan: { id: 7, remote: 192.0.2.1, local: 192.0.2.2, fdb: [${fdb}] }, address: 10.50.0.2/24 }`))
  const file = wish("{ mac: 02:00:00:00:00:07, to: 192.0.2.3 }, { to: 192.0.2.4 }, { to: 192.0.2.5, port: 4790, vni: 9 }")
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const all = "00:00:00:00:00:00 dst"
  const usual = [`${all} 192.0.2.1`, `${all} 192.0.2.4`, `${all} 192.0.2.5 port 4790 vni 9`]
  assert.equal(fdbInside(sandbox, "eth0"), [...usual, "02:00:00:00:00:07 dst 192.0.2.3"])
  const { ifindex } = linkInside(sandbox, "eth0")
  // What it learns is nobody's wish, and a routing daemon's is that daemon's.
  inWeb(sandbox, "bridge", "fdb", "add", "02:00:00:00:00:08", "dev", "eth0", "dst", "192.0.2.8", "dynamic")
  inWeb(sandbox, "bridge", "fdb", "add", "02:00:00:00:00:09", "dev", "eth0", "dst", "192.0.2.9", "extern_learn")
  expectConverged(sandbox, file)
  inWeb(sandbox, "bridge", "fdb", "replace", "02:00:00:00:00:07", "dev", "eth0", "dst", "192.0.2.66")
  inWeb(sandbox, "bridge", "fdb", "del", "00:00:00:00:00:00", "dev", "eth0", "dst", "192.0.2.4")
  const plan = planOf(sandbox, file)
  assert.equal(verdicts(plan), ["update interface.web.eth0"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.ok(fdbInside(sandbox, "eth0").includes(`${all} 192.0.2.4`))
  assert.ok(fdbInside(sandbox, "eth0").includes("02:00:00:00:00:07 dst 192.0.2.3"))
  expectStatus(sandbox.stack(["import", "--live", "-p", "lab", "-o", "again.yaml"]), 0)
  expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", "again.yaml"]), 0)
  wish("{ mac: 02:00:00:00:00:07, to: 192.0.2.4 }")
  assert.equal(verdicts(planOf(sandbox, file)), ["update interface.web.eth0"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is(linkInside(sandbox, "eth0").ifindex, ifindex)
  inWeb(sandbox, "bridge", "fdb", "del", "00:00:00:00:00:00", "dev", "eth0", "dst", "192.0.2.1")
  assert.equal(verdicts(planOf(sandbox, file)), ["delete+create interface.web.eth0"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.ok(fdbInside(sandbox, "eth0").includes(`${all} 192.0.2.1`))
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
})

scenario("what the host lacks for a link is told by the plan, where the file says it", (sandbox) => {
  uplink(sandbox)
  const plan = (interfaces: string) => expectStatus(sandbox.stack(["plan", "-f", sandbox.file("stack.yaml", lab(interfaces))]), 1).stderr
  assert.match(plan("eth0: { macvlan: none0 }"), /stack\.yaml:8:24: error: there is no link none0 on the host/)
  assert.match(
    plan("eth0: { macvlan: up0, mtu: 9000 }"),
    /stack\.yaml:8:34: error: mtu 9000 is larger than that of its parent up0 \(1500\)/,
  )
})

scenario(
  "a macvlan on a bridge, or on a pair's end, of the stack itself: made after it, kept when it is renamed, and made anew with it",
  (sandbox) => {
    const wish = (lower: string) =>
      sandbox.file(
        "stack.yaml",
        `name: lab
bridges: { lan: { address: 10.20.0.1/24${lower === "lab-lan" ? "" : `, interface: ${lower}`} } }
veths: { up: { endpoints: ["db:up1", "host:up0"] } }
containers:
  web: { command: [sleep, infinity], interfaces: { mv0: { macvlan: ${lower}, address: 10.20.0.5/24 }, mv1: { macvlan: up0 } } }
  db: { command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: 10.20.0.6/24 } } }
`,
      )
    const file = wish("lab-lan")
    apply(sandbox, file)
    expectConverged(sandbox, file)
    inWeb(sandbox, "ping", "-c1", "-W2", "10.20.0.6")
    const { ifindex } = linkInside(sandbox, "mv0")
    wish("br0")
    assert.equal(verdicts(planOf(sandbox, file)), ["update bridge.lan"])
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(linkInside(sandbox, "mv0").ifindex, ifindex)
    for (const words of ["set br0 down", "set br0 name other up"]) sandbox.run(["ip", "link", ...words.split(" ")])
    assert.equal(verdicts(planOf(sandbox, file)), ["update bridge.lan"])
    apply(sandbox, file)
    expectConverged(sandbox, file)
    for (const lower of ["br0", "up0"]) sandbox.run(["ip", "link", "del", lower])
    assert.equal(verdicts(planOf(sandbox, file)).sort(), [
      "create bridge.lan",
      "create interface.web.mv0",
      "create interface.web.mv1",
      "create veth.up",
      "update interface.db.eth0",
    ])
    apply(sandbox, file)
    expectConverged(sandbox, file)
    inWeb(sandbox, "ping", "-c1", "-W2", "10.20.0.6")
    sandbox.file("stack.yaml", "name: lab\ncontainers: { web: { command: [sleep, infinity] } }\n")
    apply(sandbox, file)
    expectConverged(sandbox, file)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    assert.equal(madeLinks(sandbox), [])
    const large = sandbox.file(
      "large.yaml",
      "name: lab\nbridges: { lan: {} }\ncontainers: { web: { interfaces: { mv0: { macvlan: lab-lan, mtu: 9000 } } } }\n",
    )
    assert.match(
      expectStatus(sandbox.stack(["validate", "-f", large]), 1).stderr,
      /large\.yaml:3:\d+: error: mtu 9000 is larger than that of its parent bridge\.lan \(1500\)/,
    )
  },
)

scenario(
  "a vxlan on a bridge of the stack itself: one apply makes both, it stays where that is renamed, and comes again with it",
  (sandbox) => {
    const wish = (lower: string, web = "") =>
      sandbox.file(
        "stack.yaml",
        `name: lab
bridges: { lan: { address: 10.20.0.1/24, interface: ${lower} } }
containers:
  web: { command: [sleep, infinity], interfaces: { vx0: { vxlan: { id: 7, remote: 10.20.0.6, parent: ${lower} }, address: 10.60.0.1/24${web} } } }
  db: { command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: 10.20.0.6/24 } } }
`,
      )
    const file = wish("br0")
    apply(sandbox, file)
    expectConverged(sandbox, file)
    // The other end, by hand, where its packets arrive.
    const far =
      "ip link add far type vxlan id 7 remote 10.20.0.1 dstport 4789 dev eth0 && ip addr add 10.60.0.2/24 dev far && ip link set far up"
    expectStatus(inside(inits(sandbox, "lab").db as number, "-n", "sh", "-c", far), 0)
    const reaches = () => assert.match(inWeb(sandbox, "ping", "-c1", "-W3", "10.60.0.2"), "1 received")
    reaches()
    const { ifindex, mtu } = linkInside(sandbox, "vx0")
    assert.is(mtu, 1450)
    wish("br1")
    assert.equal(verdicts(planOf(sandbox, file)), ["update bridge.lan"])
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(linkInside(sandbox, "vx0").ifindex, ifindex)
    reaches()
    // The kernel takes a vxlan away with the link that it lies on.
    sandbox.run(["ip", "link", "del", "br1"])
    assert.equal(verdicts(planOf(sandbox, file)).sort(), ["create bridge.lan", "create interface.web.vx0", "update interface.db.eth0"])
    apply(sandbox, file)
    expectConverged(sandbox, file)
    reaches()
    assert.match(expectStatus(sandbox.stack(["validate", "-f", wish("br1", ", mtu: 1451")]), 1).stderr, "mtu 1451 does not fit")
    wish("br1")
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    assert.equal(madeLinks(sandbox), [])
  },
)

scenario("a vxlan whose number another of the host has is refused at its `id`, and says where to look", (sandbox) => {
  const other = "ip link add other type vxlan id 7 remote 192.0.2.9 dstport 4789"
  expectStatus(sandbox.run(other.split(" ")), 0)
  const ran = sandbox.stack(["apply", "-y", "-f", sandbox.file("stack.yaml", lab("vx0: { vxlan: { id: 7, remote: 192.0.2.1 } }"))])
  assert.is(ran.status, 1)
  assert.match(ran.stderr, /stack\.yaml:8:27: error: ip link add vx0 .*EEXIST/)
  assert.match(ran.stderr, /hint: another vxlan .* number 7 .*maybe in a container's namespace/)
})

/** Kinds that a kernel may lack, each with what tells its options; on `up0`, but for a dummy. */
const OTHERS: readonly (readonly [kind: string, words: string, entry: string, told: object | undefined])[] = [
  ["dummy", "type dummy", "{ dummy: {}, address: 10.51.0.2/24 }", undefined],
  ["vlan", "link low type vlan id 5", "{ vlan: { parent: up0, id: 10 }, address: 10.51.0.2/24 }", { id: 10 }],
  ["gre", "type gre remote 10.0.0.2", "{ gre: { remote: 10.50.0.9, key: 7 }, address: 10.51.0.2/24 }", { remote: "10.50.0.9", ttl: 64 }],
  ["ip6gretap", "type ip6gretap remote fd00::2", '{ ip6gretap: { remote: "fd00::2" }, address: 10.51.0.2/24 }', { remote: "fd00::2" }],
  ["vrf", "type vrf table 10", "{ vrf: { table: 10 } }", { table: 10 }],
  ["ipvlan", "link low type ipvlan", "{ ipvlan: up0, mode: l3, address: 10.51.0.2/24 }", { mode: "l3" }],
  ["vlan", "link low type vlan id 5", "{ vlan: { parent: lab-lan, id: 10 }, address: 10.51.0.2/24 }", { id: 10 }],
  ["ipvlan", "link low type ipvlan", "{ ipvlan: lab-lan, address: 10.51.0.2/24 }", { mode: "l2" }],
]

for (const [kind, words, entry, told] of OTHERS) {
  const lacking =
    spawnSync("unshare", ["-n", "sh", "-c", `ip link add low type bridge && ip link add probe ${words}`]).status === 0
      ? undefined
      : `this kernel has no ${kind}`
  if (lacking === undefined) {
    scenario(`a ${kind} is made, read back and removed: ${entry}`, (sandbox) => {
      uplink(sandbox)
      const file = sandbox.file("stack.yaml", lab(`x0: ${entry}`))
      apply(sandbox, file)
      expectConverged(sandbox, file)
      const { info_kind, info_data } = linkInside(sandbox, "x0").linkinfo
      assert.is(info_kind, kind)
      for (const [key, value] of Object.entries(told ?? {})) assert.is((info_data as { [key: string]: unknown })[key], value)
      expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    })
  } else {
    testsUnless(lacking)(`a ${kind} is made, read back and removed: ${entry}`, () => undefined)
    scenario(`a ${kind} is refused by the plan of a kernel that has none: ${entry}`, (sandbox) => {
      uplink(sandbox)
      const ran = expectStatus(sandbox.stack(["plan", "-f", sandbox.file("stack.yaml", lab(`x0: ${entry}`))]), 1)
      assert.match(ran.stderr, `this kernel has no links of kind ${kind}`)
      assert.match(ran.stderr, "CONFIG_")
    })
  }
}

test.run()
