import * as assert from "uvu/assert"
import type { PortState } from "../../src/base/bridge-options.ts"
import { BRIDGE_DEFAULTS, PORT_DEFAULTS, unusual } from "../../src/base/bridge-options.ts"
import type { Kernel, NetRequest } from "../../src/kernel/kernel.ts"
import { KernelError } from "../../src/kernel/kernel.ts"
import { eventually } from "../support/eventually.ts"
import type { Contract } from "./subject.ts"
import { addressesOf, answers, linkIn, must } from "./subject.ts"

export const bridgeAdd = (name: string, more: Partial<NetRequest & { op: "bridge-add" }> = {}): NetRequest => ({
  ...{ op: "bridge-add", name, group: 0, up: true, bridge: {} },
  ...more,
})
export const remove = (link: string): NetRequest => ({ op: "link-delete", link })
const veth = (name: string, peer: string, up = false): NetRequest => ({ op: "veth-add", end: { name, up }, peer: { name: peer } })

/** The kernel works out by and by whether a link that is up can carry. */
async function stateIs(kernel: Kernel, name: string, state: string): Promise<void> {
  await eventually(() => linkIn(kernel.dump("host"), name).state === state, `${name} ${state}`)
}

/** What drivers count on of links. rtnetlink(7) */
export const linkContract: Contract = {
  "a bridge is born with its group and options, and can be found by its alias afterwards": ({ kernel }) => {
    const options = { stp: true, vlan_filtering: false, ageing_time: 17 }
    must(kernel, [bridgeAdd("br-one", { group: 77, mac: "02:00:00:00:00:07", mtu: 1400, up: false, bridge: options })])
    const { alias, group, mac, mtu, up, kind, bridge, state, index } = linkIn(kernel.dump("host"), "br-one")
    assert.equal(
      { alias, group, mac, mtu, up, kind, state },
      { alias: "", group: 77, mac: "02:00:00:00:00:07", mtu: 1400, up: false, kind: "bridge", state: "down" },
    )
    assert.equal({ stp: bridge?.stp, vlan_filtering: bridge?.vlan_filtering, ageing_time: bridge?.ageing_time }, options)
    assert.equal(unusual(BRIDGE_DEFAULTS, bridge ?? {}), { accept_ra: true })
    kernel.write("/proc/sys/net/ipv6/conf/br-one/accept_ra", "0")
    assert.is(linkIn(kernel.dump("host"), "br-one").bridge?.accept_ra, false)
    assert.equal(kernel.counters("host").find((one) => one.index === index)?.rx, { bytes: 0, packets: 0, errors: 0, dropped: 0 })
    must(kernel, [{ op: "link-set", link: index, alias: "stack:lab/bridge.one", up: true, bridge: { ageing_time: 300 } }])
    const after = linkIn(kernel.dump("host"), "br-one")
    assert.equal([after.alias, after.up, after.bridge?.ageing_time, after.bridge?.stp], ["stack:lab/bridge.one", true, 300, true])
    must(kernel, [remove("br-one")])
  },

  "a port gives back what came by it if it is told so, as long as it is a port": ({ kernel }) => {
    const hairpin = (link: string, on: boolean): NetRequest => ({ op: "hairpin", link, on })
    const told = () => linkIn(kernel.dump("host"), "va").hairpin
    must(kernel, [bridgeAdd("br-one"), veth("va", "vb"), { op: "link-set", link: "va", master: "br-one" }])
    assert.is(told(), undefined)
    must(kernel, [hairpin("va", true)])
    assert.is(told(), true)
    must(kernel, [hairpin("va", true), hairpin("va", false)])
    assert.is(told(), undefined)
    must(kernel, [hairpin("va", true), { op: "link-set", link: "va", master: 0 }])
    assert.is(told(), undefined)
    assert.equal(answers(kernel, [hairpin("va", true), hairpin("none", true)]), ["EOPNOTSUPP", "ENODEV"])
    must(kernel, [remove("va"), remove("br-one")])
  },

  "a port is shut until it is opened, or is one of another bridge, where no spanning tree decides": async ({ kernel }) => {
    const state = (word: PortState): NetRequest => ({ op: "port-state", link: "va", state: word })
    const told = () => linkIn(kernel.dump("host"), "va").port_state
    must(kernel, [
      bridgeAdd("br-one", { bridge: { forward_delay: 0 } }),
      bridgeAdd("br-two", { bridge: { stp: true } }),
      veth("va", "vb", true),
    ])
    assert.equal(answers(kernel, [state("disabled")]), ["EOPNOTSUPP"])
    must(kernel, [
      { op: "link-set", link: "vb", up: true },
      { op: "link-set", link: "va", master: "br-one" },
    ])
    await stateIs(kernel, "va", "up")
    for (const word of ["disabled", "listening", "learning"] as const) {
      must(kernel, [state(word)])
      assert.is(told(), word)
    }
    must(kernel, [state("forwarding")])
    assert.is(told(), undefined)
    must(kernel, [state("disabled"), { op: "link-set", link: "va", master: "br-two" }])
    assert.is.not(told(), "disabled")
    assert.equal(answers(kernel, [state("disabled")]), ["EBUSY"])
    must(kernel, [
      { op: "link-set", link: "va", master: "br-one" },
      { op: "link-set", link: "va", up: false },
    ])
    assert.equal(answers(kernel, [state("disabled")]), ["ENETDOWN"])
    must(kernel, [remove("va"), remove("br-one"), remove("br-two")])
  },

  "a bridge and its ports have options, which are told as they were set; a port that changes its bridge is as born there": ({ kernel }) => {
    const bridge = { priority: 100, forward_delay: 4, hello_time: 1, max_age: 10, group_fwd_mask: 0x4000, mcast_snooping: false }
    must(kernel, [bridgeAdd("br-one", { bridge }), bridgeAdd("br-two"), veth("va", "vb")])
    assert.equal(unusual(BRIDGE_DEFAULTS, linkIn(kernel.dump("host"), "br-one").bridge ?? {}), { ...bridge, accept_ra: true })
    must(kernel, [{ op: "link-set", link: "br-one", bridge: { priority: 0x8000, forward_delay: 15 } }])
    const { priority, forward_delay } = linkIn(kernel.dump("host"), "br-one").bridge ?? {}
    assert.equal([priority, forward_delay], [0x8000, 15])
    must(kernel, [{ op: "link-set", link: "va", master: "br-one" }])
    assert.is(linkIn(kernel.dump("host"), "va").port, undefined)
    const port = { isolated: true, learning: false, flood: false, mcast_flood: false, bcast_flood: false }
    const more = { guard: true, root_block: true, fastleave: true, neigh_suppress: true, cost: 100, priority: 1 }
    must(kernel, [{ op: "link-set", link: "va", port: { ...port, ...more } }])
    assert.equal(linkIn(kernel.dump("host"), "va").port, { ...port, ...more })
    must(kernel, [{ op: "link-set", link: "va", port: { ...PORT_DEFAULTS, cost: 7 } }])
    assert.equal(linkIn(kernel.dump("host"), "va").port, { cost: 7 })
    must(kernel, [{ op: "link-set", link: "va", master: "br-two" }])
    assert.is(linkIn(kernel.dump("host"), "va").port, undefined)
    must(kernel, [remove("va"), remove("br-one"), remove("br-two")])
  },

  "names and numbers that are taken, missing or impossible are refused, and what is behind goes on": ({ kernel }) => {
    const wrong: NetRequest[] = [
      // Down: before Linux 6.2 a link that is up could not be renamed at all.
      bridgeAdd("br-one", { up: false }),
      bridgeAdd("br-one"),
      bridgeAdd("a-name-of-16-byte"),
      remove("none"),
      { op: "link-set", link: 999_999, mtu: 1500 },
      { op: "link-set", link: "br-one", name: "lo" },
      { op: "link-set", link: "br-one", mtu: 67 },
      { op: "link-set", link: "br-one", mac: "01:00:00:00:00:01" },
      { op: "group-delete", group: 4711 },
      { op: "altname-delete", link: "br-one", name: "none" },
      { op: "altname-delete", link: "br-one", name: "lo" },
      veth("va", "br-one"),
      remove("lo"),
      bridgeAdd("br-two"),
    ]
    const expected = [
      "ok",
      "EEXIST",
      "ERANGE",
      "ENODEV",
      "ENODEV",
      "EEXIST",
      "EINVAL",
      "EADDRNOTAVAIL",
      "ENODEV",
      "ENOENT",
      "EINVAL",
      "EEXIST",
      "EOPNOTSUPP",
      "ok",
    ]
    assert.equal(answers(kernel, wrong), expected)
    assert.not.ok(kernel.dump("host").links.some((link) => link.name === "va"))
    must(kernel, [remove("br-one"), remove("br-two")])
  },

  "a veth pair is born at once: each end knows the other, the peer is not up; deleting one end deletes both": async ({ kernel }) => {
    must(kernel, [bridgeAdd("br-one")])
    const end = { name: "va", mtu: 1300, group: 5, master: "br-one", up: true }
    must(kernel, [{ op: "veth-add", end, peer: { name: "vb", mac: "02:00:00:00:00:0b", mtu: 1300, group: 5 } }])
    const dump = kernel.dump("host")
    const [bridge, a, b] = ["br-one", "va", "vb"].map((name) => linkIn(dump, name))
    assert.equal([a?.peerIndex, b?.peerIndex], [b?.index, a?.index])
    assert.equal([a?.up, b?.up, a?.master, b?.master], [true, false, bridge?.index, 0])
    await stateIs(kernel, "va", "lowerlayerdown")
    assert.equal([a?.group, b?.group, b?.mac, b?.mtu, a?.mtu], [5, 5, "02:00:00:00:00:0b", 1300, 1300])
    must(kernel, [remove("vb")])
    assert.not.ok(kernel.dump("host").links.some((link) => link.kind === "veth"))
    must(kernel, [remove("br-one")])
  },

  "a link with one end is born with its group on a link of the host, tells what it is, and goes with what it lies on": ({ kernel }) => {
    const parent = { end: { name: "va", mtu: 1400, up: true }, peer: { name: "vb" } }
    const upper: NetRequest = {
      op: "link-add",
      name: "upper",
      ns: "host",
      kind: "macvlan",
      parent: "va",
      options: { mode: "private" },
      group: 6,
    }
    must(kernel, [
      { op: "veth-add", ...parent },
      { ...upper, mac: "02:00:00:00:00:0c" },
    ])
    const dump = kernel.dump("host")
    const { kind, options, group, mac, mtu, up, alias, parent: lower, parentBeside, peerIndex } = linkIn(dump, "upper")
    assert.equal(
      { kind, options, group, mac, mtu, up, alias, lower, parentBeside, peerIndex },
      {
        ...{ kind: "macvlan", options: { mode: "private" }, group: 6, mac: "02:00:00:00:00:0c", mtu: 1400, up: false, alias: "" },
        ...{ lower: linkIn(dump, "va").index, parentBeside: true, peerIndex: 0 },
      },
    )
    const wrong = [{ ...upper, name: "other", parent: "none" }, upper, { ...upper, name: "other", parent: "lo" }]
    assert.equal(answers(kernel, wrong), ["ENODEV", "EEXIST", "EINVAL"])
    must(kernel, [{ op: "link-set", link: "upper", name: "renamed", alias: "stack:lab/interface.web.eth0" }])
    assert.is(linkIn(kernel.dump("host"), "renamed").alias, "stack:lab/interface.web.eth0")
    must(kernel, [{ op: "link-set", link: "va", mtu: 1300 }])
    assert.is(linkIn(kernel.dump("host"), "renamed").mtu, 1300)
    must(kernel, [remove("va")])
    assert.not.ok(kernel.dump("host").links.some((link) => link.name === "renamed"))
  },

  "one on no other link is of its kind's own options": ({ kernel }) => {
    const options = { id: 7, remote: "192.0.2.9", local: "192.0.2.8", port: 4790 }
    must(kernel, [{ op: "link-add", name: "vx", ns: "host", kind: "vxlan", options, group: 0 }])
    const { options: live, parent, parentBeside } = linkIn(kernel.dump("host"), "vx")
    assert.equal([live, parent, parentBeside], [options, undefined, true])
    must(kernel, [remove("vx")])
  },

  "a vxlan is told where frames go: those to a machine to one place, those to many to several": ({ kernel }) => {
    const options = { id: 7, remote: "192.0.2.9", port: 4790 }
    const add = (mac: string, to: string, more: object = {}): NetRequest => ({ op: "fdb-add", link: "vx", entry: { mac, to, ...more } })
    const [all, one] = ["00:00:00:00:00:00", "02:00:00:00:00:07"]
    must(kernel, [
      { op: "link-add", name: "vx", ns: "host", kind: "vxlan", options, group: 0 },
      ...[
        add(all, "192.0.2.1"),
        add(all, "192.0.2.2"),
        add(all, "192.0.2.2"),
        add(one, "192.0.2.1"),
        add(one, "192.0.2.3", { port: 9, vni: 8 }),
      ],
    ])
    const fdb = () => (linkIn(kernel.dump("host"), "vx").fdb ?? []).map((entry) => Object.values(entry).join(" ")).sort()
    assert.equal(fdb(), [`${all} 192.0.2.1`, `${all} 192.0.2.2`, `${one} 192.0.2.3 9 8`])
    assert.equal(linkIn(kernel.dump("host"), "vx").options, options)
    const off: NetRequest = { op: "fdb-delete", link: "vx", entry: { mac: all, to: "192.0.2.2" } }
    assert.equal(answers(kernel, [off, { ...off, link: "none" }]), ["ok", "ENODEV"])
    // One that is not there: the kernel says so only where the address has no entry at all. Nothing changes.
    assert.ok(["ok", "ENOENT"].includes(answers(kernel, [off])[0] ?? ""))
    assert.equal(fdb(), [`${all} 192.0.2.1`, `${one} 192.0.2.3 9 8`])
    must(kernel, [remove("vx")])
  },

  "a tap is there as long as it is open, and stays if it is kept first": ({ kernel }) => {
    const tap = (name: string, more: object = {}) => kernel.openTap("host", { name, ...more })
    const there = () =>
      kernel
        .dump("host")
        .links.filter(({ kind }) => kind === "tun")
        .map(({ name, options, group }) => ({ name, options, group }))
    const first = tap("ta", { owner: 5, group: 6, multi_queue: true })
    must(kernel, [{ op: "link-set", link: "ta", group: 7 }])
    assert.is(there()[0]?.group, 7)
    assert.throws(
      () => tap("ta"),
      (e: unknown) => e instanceof KernelError && e.errno === "EBUSY",
    )
    first.keep()
    first.drop()
    tap("tb").drop()
    assert.equal(there(), [{ name: "ta", options: { type: "tap", owner: 5, group: 6, multi_queue: 1 }, group: 7 }])
    must(kernel, [remove("ta")])
    assert.equal(there(), [])
  },

  "an end of a pair tells, as long as it is marked and no port, that it heeds routers": ({ kernel }) => {
    const heeds = () => linkIn(kernel.dump("host"), "va").accept_ra
    must(kernel, [bridgeAdd("br-one"), veth("va", "vb"), { op: "link-set", link: "va", alias: "stack:lab/veth.core" }])
    assert.is(heeds(), true)
    kernel.write("/proc/sys/net/ipv6/conf/va/accept_ra", "0")
    assert.is(heeds(), undefined)
    kernel.write("/proc/sys/net/ipv6/conf/va/accept_ra", "1")
    must(kernel, [{ op: "link-set", link: "va", master: "br-one" }])
    assert.is(heeds(), undefined)
    must(kernel, [{ op: "link-set", link: "va", master: 0, alias: "" }])
    assert.is(heeds(), undefined)
    must(kernel, [remove("va"), remove("br-one")])
  },

  "numbers of links are never given twice": ({ kernel }) => {
    must(kernel, [bridgeAdd("br-one")])
    const first = linkIn(kernel.dump("host"), "br-one").index
    must(kernel, [remove("br-one"), bridgeAdd("br-one")])
    assert.ok(linkIn(kernel.dump("host"), "br-one").index > first)
    must(kernel, [remove("br-one")])
  },

  "a group is deleted by one request, and nothing else with it": ({ kernel }) => {
    must(kernel, [
      bridgeAdd("br-one", { group: 9 }),
      bridgeAdd("br-two", { group: 8 }),
      veth("va", "vb"),
      { op: "link-set", link: "vb", group: 9 },
    ])
    assert.equal(answers(kernel, [{ op: "group-delete", group: 9 }]), ["ok"])
    const left = kernel.dump("host").links.map((link) => link.name)
    assert.equal(
      ["br-one", "br-two", "va", "vb"].map((name) => left.includes(name)),
      [false, true, false, false],
    )
    must(kernel, [remove("br-two")])
  },

  "a bridge that goes lets its ports stay; ports come and go": ({ kernel }) => {
    must(kernel, [bridgeAdd("br-one"), bridgeAdd("br-two"), veth("va", "vb"), { op: "link-set", link: "va", master: "br-one" }])
    must(kernel, [{ op: "link-set", link: "va", master: "br-two" }])
    assert.is(linkIn(kernel.dump("host"), "va").master, linkIn(kernel.dump("host"), "br-two").index)
    must(kernel, [remove("br-two")])
    assert.is(linkIn(kernel.dump("host"), "va").master, 0)
    assert.equal(
      answers(kernel, [
        { op: "link-set", link: "va", master: "vb" },
        { op: "link-set", link: "lo", master: "br-one" },
      ]),
      ["EOPNOTSUPP", "EINVAL"],
    )
    must(kernel, [
      { op: "link-set", link: "va", master: "br-one" },
      { op: "link-set", link: "va", master: 0 },
    ])
    assert.is(linkIn(kernel.dump("host"), "va").master, 0)
    must(kernel, [remove("va"), remove("br-one")])
  },

  "a bridge follows its ports' mtu and mac until it is given others than it has": ({ kernel }) => {
    const port = (mtu: number): NetRequest => ({
      op: "veth-add",
      end: { name: "va", mtu, mac: "02:00:00:00:00:01", up: true },
      peer: { name: "vb" },
    })
    must(kernel, [bridgeAdd("br-one", { mtu: 9000 }), port(1300), { op: "link-set", link: "va", master: "br-one" }])
    assert.equal([linkIn(kernel.dump("host"), "br-one").mtu, linkIn(kernel.dump("host"), "br-one").mac], [1300, "02:00:00:00:00:01"])
    must(kernel, [
      { op: "link-set", link: "br-one", mtu: 1400, mac: "02:00:00:00:00:09" },
      { op: "link-set", link: "va", mtu: 1200 },
    ])
    assert.equal([linkIn(kernel.dump("host"), "br-one").mtu, linkIn(kernel.dump("host"), "br-one").mac], [1400, "02:00:00:00:00:09"])
    must(kernel, [remove("va"), remove("br-one")])
  },

  "what a link sends can be held to a rate, which another takes the place of, and which goes once": ({ kernel }) => {
    const rate = (bits: number): NetRequest => ({ op: "impair", link: "va", qdisc: "tbf", impair: { rate: bits } })
    const impaired = () => ["va", "vb"].map((name) => linkIn(kernel.dump("host"), name).impair)
    must(kernel, [veth("va", "vb")])
    assert.equal(impaired(), [undefined, undefined])
    must(kernel, [rate(10_000_000)])
    assert.equal(impaired(), [{ rate: 10_000_000 }, undefined])
    must(kernel, [rate(50_000_000_000), { op: "link-set", link: "va", up: true }])
    assert.equal(impaired(), [{ rate: 50_000_000_000 }, undefined])
    const off: NetRequest = { op: "impair-delete", link: "va" }
    assert.equal(answers(kernel, [off, off, { ...off, link: "none" }]), ["ok", "ENOENT", "ENODEV"])
    assert.equal(impaired(), [undefined, undefined])
    assert.ok(kernel.hasQdisc("tbf"))
    must(kernel, [remove("va")])
  },

  "both ends of a pair must be up for it to carry; then IPv6 gives each an address of its own": async ({ kernel }) => {
    must(kernel, [veth("va", "vb", true)])
    assert.equal(addressesOf(kernel.dump("host"), "va"), [])
    must(kernel, [{ op: "link-set", link: "vb", up: true }])
    for (const name of ["va", "vb"]) {
      await stateIs(kernel, name, "up")
      assert.match(addressesOf(kernel.dump("host"), name).join(), /^fe80::[0-9a-f:]+\/64 link$/)
    }
    must(kernel, [{ op: "link-set", link: "va", up: false }])
    assert.equal(addressesOf(kernel.dump("host"), "va"), [])
    await stateIs(kernel, "vb", "lowerlayerdown")
    must(kernel, [remove("va")])
  },
}

/** The same, of kernels with CONFIG_BRIDGE_VLAN_FILTERING. */
export const vlanContract: Contract = {
  "a port is in VLANs, which are told where its bridge looks at them": ({ kernel }) => {
    const vlan = { vlan_filtering: true, vlan_default_pvid: 5 }
    must(kernel, [bridgeAdd("br-one", { bridge: vlan }), veth("va", "vb"), { op: "link-set", link: "va", master: "br-one" }])
    const vlans = () => linkIn(kernel.dump("host"), "va").vlans
    assert.equal(vlans(), ["5 pvid untagged"])
    must(kernel, [
      { op: "vlan-add", link: "va", vlan: "10 pvid untagged" },
      { op: "vlan-add", link: "va", vlan: "30-40" },
      { op: "vlan-delete", link: "va", vlan: "5" },
    ])
    assert.equal(vlans(), ["10 pvid untagged", "30-40"])
    // One that it is not in: of the kernels that there are some say so, and some take it. Nothing changes.
    assert.ok(["ok", "ENOENT"].includes(answers(kernel, [{ op: "vlan-delete", link: "va", vlan: "5" }])[0] ?? ""))
    assert.equal(vlans(), ["10 pvid untagged", "30-40"])
    must(kernel, [
      { op: "vlan-delete", link: "va", vlan: "35-40" },
      { op: "link-set", link: "br-one", bridge: { vlan_filtering: false } },
    ])
    assert.is(vlans(), undefined)
    must(kernel, [remove("va"), remove("br-one")])
  },
}
