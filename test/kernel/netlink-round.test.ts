/**
 * What a round through namespaces tells of one, by a reading that leaves out what nobody looks at, against what a reading of all tells: of links of
 * every kind, addresses and routes of every form. What is left out and yet looked at would be a difference here.
 */
import { execFileSync, spawnSync } from "node:child_process"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { NetDump } from "../../src/kernel/kernel.ts"
import { linuxKernel } from "../../src/kernel/linux.ts"
import { missing, testsUnless } from "../support/skip.ts"
import { ip, needsIp, net, prepareNamespaces, shell } from "./netlink-lab.ts"
import { inOwnNamespaces } from "./own-namespaces.ts"

prepareNamespaces()

const kernel = linuxKernel()
const WEB = "/run/netns/web"

/** Of links by a batch of ip's words, in the namespace `web` and on the host; and what makes the kind known that it lacks. */
const LINKS: { readonly [what: string]: { words: string; kind?: string } } = {
  "a bridge and its ports": {
    words: `link add br0 type bridge stp_state 1 priority 4096
link add p0 type veth peer name p1
link set p0 master br0 alias stack:lab/x up
link set p0 type bridge_slave hairpin on isolated on cost 7 learning off
link add p2 type veth peer name p3
link set p2 master br0 up
link set br0 up`,
  },
  "a bridge that looks at VLANs": {
    words: "link add bv type bridge vlan_filtering 1\nlink add q0 type veth peer name q1\nlink set q0 master bv up\nlink set bv up",
    kind: "bridge vlan_filtering 1",
  },
  "an end that heeds routers": { words: "link add e0 type veth peer name e1\nlink set e0 alias stack:lab/e0 group 9 mtu 1400 up" },
  "names besides its own": { words: "link add n0 type veth peer name n1\nlink property add dev n0 altname another altname yetanother" },
  "a link on another": {
    words: "link add l0 type veth peer name l1\nlink set l0 up\nlink add m0 link l0 type macvlan mode private\nlink set m0 up",
    kind: "macvlan",
  },
  "a vxlan": { words: "link add x0 type vxlan id 10 remote 10.9.9.9 dstport 4789 ttl 9\nlink set x0 up", kind: "vxlan id 10 dstport 0" },
  "a dummy": { words: "link add d0 type dummy\nlink set d0 up", kind: "dummy" },
  "a VLAN": { words: "link add y0 type veth peer name y1\nlink set y0 up\nlink add y0.5 link y0 type vlan id 5", kind: "vlan id 5" },
  "an ipvlan": { words: "link add i0 type veth peer name i1\nlink set i0 up\nlink add iv link i0 type ipvlan mode l3", kind: "ipvlan" },
  "a bond and its member": {
    words: "link add b0 type bond mode active-backup miimon 100\nlink add c0 type veth peer name c1\nlink set c0 master b0\nlink set b0 up",
    kind: "bond",
  },
  "a vrf": {
    words:
      "link add v0 type vrf table 12\nlink set v0 up\nlink add w0 type veth peer name w1\nlink set w0 master v0 up\naddress add 10.8.0.1/24 dev w0",
    kind: "vrf table 12",
  },
  "a gre": { words: "link add g0 type gre local 10.0.0.1 remote 10.0.0.2 key 7\nlink set g0 up", kind: "gre" },
  "a WireGuard": { words: "link add wg0 type wireguard\nlink set wg0 up", kind: "wireguard" },
}

const ADDRESSES = `link add a0 type veth peer name a1
link set a0 up
link set a1 up
address add 10.1.0.1/24 dev a0 metric 50
address add 10.1.0.2/24 dev a0
address add 10.2.0.1/24 dev a0 noprefixroute
address add 10.3.0.1 peer 10.3.0.2/32 dev a0
address add fd20::1/64 dev a0 nodad noprefixroute
address add fd21::1/64 dev a1 nodad
route add default via 10.1.0.9 dev a0 metric 7 mtu 1300 advmss 1200
route add 10.50.0.0/16 via 10.99.0.1 dev a0 onlink src 10.1.0.1
route add 10.51.0.0/16 nexthop via 10.1.0.7 weight 3 nexthop via 10.1.0.8
route add 10.52.0.0/16 via inet6 fd21::9 dev a1
route add blackhole 10.53.0.0/16
route add unreachable fd99::/64
route add fd50::/64 via fd21::7 dev a1 metric 3`

/** `kind`: as ip-link(8) has it behind `type`, with what it cannot be without. */
function lacks(kind: string | undefined): string | undefined {
  if (kind === undefined) return undefined
  const on = /vlan id|macvlan|ipvlan/.test(kind) ? "link dev0 " : ""
  const script = `ip link add dev0 type veth peer name dev1; ip link add ${on}probe type ${kind}`
  const { status } = spawnSync("unshare", ["-n", "sh", "-c", script], { stdio: "ignore" })
  return status === 0 ? undefined : `this kernel has no ${kind}`
}

/** What is read of all of it is what is told by the round; of the host, too, where `kernel.dump` is a round. */
function compare(): void {
  const visited = kernel.visit({ dumps: ["host", WEB], files: [] })
  for (const ns of ["host", WEB]) assert.equal(steady(visited.dump(ns)), steady(net.dump(ns)), ns)
  assert.equal(steady(kernel.dump("host")), steady(net.dump("host")))
}

/** Without what goes on by itself meanwhile: whether there is a carrier, and a port that comes forward. */
function steady({ links, ...rest }: NetDump): NetDump {
  return { ...rest, links: links.map(({ port_state: _, ...link }) => ({ ...link, state: "" })) }
}

function batch(words: string, ...where: string[]): void {
  execFileSync("ip", [...where, "-batch", "-"], { input: words })
}

for (const [what, { words, kind }] of Object.entries(LINKS))
  testsUnless(missing("ip") ?? lacks(kind))(`${what} is told in a round as it is`, () => {
    const before = new Set<string>(ip("link", "show").map(({ ifname }: { ifname: string }) => ifname))
    batch(words)
    batch(words, "-n", "web")
    compare()
    for (const where of [[], ["-n", "web"]])
      for (const { ifname } of ip(...where, "link", "show")) if (!before.has(ifname)) remove(ifname, where)
  })

/** With one end of a pair the other is gone, too. */
function remove(name: string, where: readonly string[]): void {
  try {
    execFileSync("ip", [...where, "link", "del", name], { stdio: "ignore" })
  } catch {
    return
  }
}

needsIp("addresses and routes of every form are told in a round as they are", () => {
  batch(ADDRESSES)
  batch(ADDRESSES, "-n", "web")
  const { addresses, routes } = net.dump(WEB)
  assert.ok(addresses.length >= 8 && routes.length >= 9)
  compare()
  shell("link del a0\n")
})

needsIp("a change is told by the next round", () => {
  batch("link add z0 type veth peer name z1\nlink set z0 up")
  compare()
  batch("link set z0 mtu 1300 alias another\naddress add 10.7.0.1/24 dev z0")
  compare()
  assert.is(kernel.dump("host").links.find(({ name }) => name === "z0")?.mtu, 1300)
  batch("link del z0")
  compare()
})

if (inOwnNamespaces(import.meta.url)) test.run()
