import { execFileSync } from "node:child_process"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { BRIDGE_DEFAULTS, unusual } from "../../src/base/bridge-options.ts"
import type { KernelError, NetRequest } from "../../src/kernel/kernel.ts"
import { eventually } from "../support/eventually.ts"
import { bridge, done, ip, needsIp, net, prepareNamespaces, sendAll, shell } from "./netlink-lab.ts"
import { inOwnNamespaces } from "./own-namespaces.ts"

const MAC = "02:00:00:00:00:07"

prepareNamespaces()

needsIp("a bridge is made, marked and addressed by one batch", () => {
  const options = { stp: true, ageing_time: 10 }
  done([
    bridge("br-lan", { mac: MAC, mtu: 1400, bridge: options }),
    { op: "link-set", link: "br-lan", alias: "stack:lab/bridge.lan" },
    { op: "address-add", link: "br-lan", address: "10.0.0.1/24" },
    { op: "address-add", link: "br-lan", address: "fd20::1/64" },
  ])
  const [link] = ip("link", "show", "br-lan")
  const { address, mtu, group, ifalias, flags } = link
  assert.equal({ address, mtu, group, ifalias }, { address: MAC, mtu: 1400, group: "7", ifalias: "stack:lab/bridge.lan" })
  assert.ok(flags.includes("UP"))
  const { stp_state, ageing_time } = link.linkinfo.info_data
  assert.equal({ stp_state, ageing_time }, { stp_state: 1, ageing_time: 1000 })
  // biome-ignore lint/suspicious/noExplicitAny: iproute2's JSON
  const addresses = ip("address", "show", "br-lan")[0].addr_info.map((a: any) => [
    `${a.local}/${a.prefixlen}`,
    a.scope,
    a.tentative ?? false,
  ])
  assert.equal(addresses.slice(0, 2), [
    ["10.0.0.1/24", "global", false],
    ["fd20::1/64", "global", false],
  ])
  const read = net.dump("host").links.find((l) => l.name === "br-lan")
  assert.equal([read?.bridge?.stp, read?.bridge?.vlan_filtering, read?.bridge?.ageing_time], [true, false, 10])
  assert.equal(unusual(BRIDGE_DEFAULTS, read?.bridge ?? {}), { accept_ra: true })
  assert.equal([read?.kind, read?.mac, read?.mtu, read?.group, read?.alias], ["bridge", MAC, 1400, 7, "stack:lab/bridge.lan"])
})

needsIp("options of a bridge that is there change in place", () => {
  done([bridge("br-lan"), { op: "link-set", link: "br-lan", mtu: 1300, mac: MAC, up: false, bridge: { stp: true, ageing_time: 20 } }])
  const read = net.dump("host").links.find((l) => l.name === "br-lan")
  assert.equal([read?.bridge?.stp, read?.bridge?.ageing_time, read?.mtu, read?.mac, read?.up], [true, 20, 1300, MAC, false])
})

needsIp("VLAN filtering is there, or refused in words where the kernel is built without it", () => {
  const [error] = sendAll([bridge("br-lan", { bridge: { vlan_filtering: true } })])
  if (error === null) {
    const filters = () => net.dump("host").links.find((l) => l.name === "br-lan")?.bridge?.vlan_filtering
    assert.is(filters(), true)
    done([{ op: "link-set", link: "br-lan", bridge: { vlan_filtering: false } }])
    assert.is(filters(), false)
  } else {
    assert.is(error, "ip link add br-lan up type bridge vlan_filtering 1: EOPNOTSUPP")
    done([bridge("br-lan", { bridge: { vlan_filtering: false } })])
  }
})

needsIp("a veth is born in its namespace, named, mastered, grouped and up by one message", async () => {
  done([
    bridge("br-lan"),
    {
      op: "veth-add",
      end: { name: "v0", master: "br-lan", group: 7, mtu: 1400, up: true },
      peer: { name: "eth0", ns: "/run/netns/web", mac: MAC, mtu: 1400, group: 7 },
    },
  ])
  const [outside] = ip("link", "show", "v0")
  const [inside] = ip("-n", "web", "link", "show", "eth0")
  assert.equal([outside.master, outside.group, outside.mtu, outside.flags.includes("UP")], ["br-lan", "7", 1400, true])
  assert.equal([inside.address, inside.mtu, inside.group, inside.flags.includes("UP")], [MAC, 1400, "7", false])
  const read = net.dump("host").links.find((l) => l.name === "v0")
  const peer = net.dump("/run/netns/web").links.find((l) => l.name === "eth0")
  assert.equal([read?.peerIndex, peer?.peerIndex, peer?.kind], [peer?.index, read?.index, "veth"])
  // The kernel tells the state of a carrier a while after the fact.
  const state = () => net.dump("host").links.find((l) => l.name === "v0")?.state
  await eventually(() => state()?.endsWith("down") === true)
  done([{ op: "link-set", link: "eth0", up: true }], "/run/netns/web")
  await eventually(() => state() === "up")
})

needsIp("a container's end gets its addresses, goes up and gets default routes of both families by one batch", () => {
  done([
    bridge("br-lan"),
    { op: "address-add", link: "br-lan", address: "10.0.0.1/24" },
    { op: "address-add", link: "br-lan", address: "fd20::1/64" },
    { op: "veth-add", end: { name: "v0", master: "br-lan", group: 7, up: true }, peer: { name: "eth0", ns: "/run/netns/web" } },
  ])
  const inside: NetRequest[] = [
    { op: "address-add", link: "eth0", address: "10.0.0.2/24" },
    { op: "address-add", link: "eth0", address: "fd20::2/64" },
    { op: "link-set", link: "eth0", up: true },
    { op: "route-replace", to: "0.0.0.0/0", via: "10.0.0.1", dev: "eth0" },
    { op: "route-replace", to: "::/0", via: "fd20::1", dev: "eth0" },
  ]
  done(inside, "/run/netns/web")
  for (const target of ["10.0.0.1", "fd20::1"]) execFileSync("ip", ["netns", "exec", "web", "ping", "-c", "1", "-W", "5", target])
})

needsIp("a veth between two namespaces may bear names that the host uses", () => {
  done([bridge("eth0")])
  done([
    { op: "veth-add", end: { name: "eth0", ns: "/run/netns/web", group: 7, up: true }, peer: { name: "eth0", ns: "/run/netns/db" } },
    { op: "veth-add", end: { name: "eth1", ns: "/run/netns/web", group: 7, up: false }, peer: { name: "p1", group: 7 } },
    { op: "veth-add", end: { name: "p2", group: 7, up: false }, peer: { name: "p3", ns: "host" } },
  ])
  const names = (ns: string) =>
    net
      .dump(ns)
      .links.map((l) => l.name)
      .sort()
  assert.equal(names("/run/netns/web"), ["eth0", "eth1", "lo"])
  assert.equal(names("/run/netns/db"), ["eth0", "lo"])
  assert.equal(names("host"), ["eth0", "lo", "p1", "p2", "p3"])
  sendAll([{ op: "group-delete", group: 7 }], "/run/netns/web")
})

needsIp("a link takes a new name, master and group, by name or index", () => {
  done([
    bridge("br-lan"),
    { op: "veth-add", end: { name: "v0", group: 7, up: false }, peer: { name: "v1", group: 7 } },
    { op: "link-set", link: "v0", name: "v2" },
    { op: "link-set", link: "v2", master: "br-lan" },
    { op: "address-add", link: "v2", address: "10.5.0.1/24" },
  ])
  assert.is(ip("link", "show", "v2")[0].master, "br-lan")
  const index = ip("link", "show", "v2")[0].ifindex
  done([{ op: "link-set", link: index, master: 0, group: 8 }])
  assert.equal([ip("link", "show", "v2")[0].master, ip("link", "show", "v2")[0].group], [undefined, "8"])
  done([{ op: "link-delete", link: index }])
})

needsIp("an IPv4 address that is replaced leaves its successor in the same subnet, and the routes", () => {
  done([
    bridge("br-lan"),
    { op: "address-add", link: "br-lan", address: "10.0.0.1/24" },
    { op: "route-replace", to: "10.9.0.0/16", via: "10.0.0.9", dev: "br-lan" },
  ])
  done([
    { op: "address-add", link: "br-lan", address: "10.0.0.2/24" },
    { op: "address-delete", link: "br-lan", address: "10.0.0.1/24" },
  ])
  const dump = net.dump("host")
  const index = dump.links.find((l) => l.name === "br-lan")?.index
  assert.equal(
    dump.addresses.filter((a) => a.index === index && a.scope === "global").map((a) => a.address),
    ["10.0.0.2/24"],
  )
  assert.equal(
    dump.routes.filter((r) => r.protocol === 115).map((r) => [r.to, r.via]),
    [["10.9.0.0/16", "10.0.0.9"]],
  )
})

needsIp("routes of both families are made, replaced and deleted, and only those of ours", () => {
  done([
    bridge("br-lan"),
    { op: "address-add", link: "br-lan", address: "10.0.0.1/24" },
    { op: "address-add", link: "br-lan", address: "fd20::1/64" },
    { op: "route-replace", to: "0.0.0.0/0", via: "10.0.0.8", dev: "br-lan" },
    { op: "route-replace", to: "::/0", via: "fd20::8", dev: "br-lan" },
    { op: "route-replace", to: "10.7.0.0/16", dev: "br-lan", metric: 5 },
    { op: "route-replace", to: "0.0.0.0/0", via: "10.0.0.9", dev: "br-lan" },
    { op: "route-replace", to: "::/0", via: "fd20::9", dev: "br-lan" },
  ])
  const ours = () =>
    net
      .dump("host")
      .routes.filter((r) => r.protocol === 115)
      .map((r) => `${r.to} ${r.via ?? "-"} ${r.metric} ${r.type} ${r.table}`)
      .sort()
  assert.equal(ours(), ["0.0.0.0/0 10.0.0.9 0 unicast 254", "10.7.0.0/16 - 5 unicast 254", "::/0 fd20::9 1024 unicast 254"])
  // biome-ignore lint/suspicious/noExplicitAny: iproute2's JSON
  const shown = ip("route", "show", "proto", "115").map((r: any) => [r.dst, r.gateway, r.scope])
  assert.equal(shown, [
    ["default", "10.0.0.9", "global"],
    ["10.7.0.0/16", undefined, "link"],
  ])
  shell("route add 10.8.0.0/16 dev br-lan\n")
  assert.equal(
    sendAll([
      { op: "route-delete", to: "::/0", via: "fd20::9", dev: "br-lan" },
      { op: "route-delete", to: "10.8.0.0/16", dev: "br-lan" },
      { op: "route-delete", to: "10.7.0.0/16", dev: "br-lan", metric: 5 },
    ]),
    [null, "ip route del 10.8.0.0/16 dev br-lan: ESRCH", null],
  )
  assert.equal(ours(), ["0.0.0.0/0 10.0.0.9 0 unicast 254"])
})

needsIp("the main table is read without the local one, whatever type its routes have", () => {
  shell("route add blackhole 10.66.0.0/16\nroute add unreachable fd66::/64\nroute add table 100 10.67.0.0/16 dev lo\n")
  const routes = net.dump("host").routes
  assert.equal(
    routes
      .filter((r) => r.type !== "unicast")
      .map((r) => `${r.type} ${r.to}`)
      .sort(),
    ["blackhole 10.66.0.0/16", "unreachable fd66::/64"],
  )
  assert.ok(routes.every((r) => r.table === 254))
  shell("route del blackhole 10.66.0.0/16\nroute del unreachable fd66::/64\nroute del table 100 10.67.0.0/16 dev lo\n")
})

needsIp("what the kernel refuses is said in its words, and the batch goes on", () => {
  const errors = sendAll([
    bridge("br-lan"),
    bridge("br-lan"),
    bridge("a-name-of-16-byte"),
    { op: "veth-add", end: { name: "v0", up: true, group: 7 }, peer: { name: "eth9", ns: "/run/netns/none" } },
    { op: "route-replace", to: "10.9.0.0/16", via: "10.77.0.1" },
    { op: "address-add", link: "none", address: "10.0.0.1/24" },
    { op: "group-delete", group: 0 },
    { op: "link-set", link: "br-lan", alias: "done all the same" },
  ])
  assert.equal(errors, [
    null,
    "ip link add br-lan up type bridge: EEXIST",
    "ip link add a-name-of-16-byte up type bridge: ERANGE: Attribute failed policy validation",
    "ip link add v0 up type veth peer name eth9 netns /run/netns/none: ENOENT: open /run/netns/none",
    "ip route replace 10.9.0.0/16 via 10.77.0.1: ENETUNREACH: Nexthop has invalid gateway",
    "ip address add 10.0.0.1/24 dev none: ENODEV: there is no link none",
    "ip link del group 0: EPERM",
    null,
  ])
  assert.is(ip("link", "show", "br-lan")[0].ifalias, "done all the same")
})

needsIp("a set by a name that is no link's never falls back to the links of the group", () => {
  done([bridge("br-lan")])
  const [error] = net.net("host", [{ op: "link-set", link: "none", group: 7, mtu: 1300 }]) as [KernelError | null]
  assert.is(error?.errno, "ENODEV")
  assert.is(net.dump("host").links.find((l) => l.name === "br-lan")?.mtu, 1500)
})

if (inOwnNamespaces(import.meta.url)) test.run()
