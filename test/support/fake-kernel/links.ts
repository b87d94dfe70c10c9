import type { PortOptions } from "../../../src/base/bridge-options.ts"
import { BRIDGE_DEFAULTS, PORT_DEFAULTS, unusual } from "../../../src/base/bridge-options.ts"
import { parseVlan } from "../../../src/base/vlans.ts"
import type { BridgeOptions, LinkRef, NetNs, NetRequest, TapWish, VethEnd } from "../../../src/kernel/kernel.ts"
import { addLoopback, carrierChanged, linkDown } from "./addresses.ts"
import type { Machine } from "./machine.ts"
import type { NetLink, Network, NewLink } from "./network.ts"
import { addLink, portsOf, stateOf } from "./network.ts"

/** How a request is refused. */
export type Refuse = (errno: string, text?: string) => never

export interface NetCall {
  machine: Machine
  network: Network
  /** The network of another namespace, by the path of its file. */
  networkAt(ns: NetNs): Network
  refuse: Refuse
}

const LONGEST_NAME = 15
const SMALLEST_MTU = 68
const LARGEST_MTU = 65_535

export function findLink(call: NetCall, ref: LinkRef): NetLink {
  const link = typeof ref === "number" ? call.network.links.get(ref) : linkNamed(call.network, ref)
  return link ?? call.refuse("ENODEV")
}

function linkNamed(network: Network, name: string): NetLink | undefined {
  return [...network.links.values()].find((link) => link.name === name)
}

function freeName(call: NetCall, network: Network, name: string): string {
  if (Buffer.byteLength(name) > LONGEST_NAME) call.refuse("ERANGE", "Attribute failed policy validation")
  if (name === "" || name === "." || name === ".." || /[\s/:]/.test(name)) call.refuse("EINVAL")
  if (linkNamed(network, name) !== undefined) call.refuse("EEXIST")
  return name
}

function goodMtu(call: NetCall, mtu: number): number {
  if (mtu < SMALLEST_MTU) call.refuse("EINVAL", "mtu less than device minimum")
  if (mtu > LARGEST_MTU) call.refuse("EINVAL", "mtu greater than device maximum")
  return mtu
}

function goodMac(call: NetCall, mac: string): string {
  const first = Number.parseInt(mac.slice(0, 2), 16)
  if ((first & 1) === 1 || mac === "00:00:00:00:00:00") call.refuse("EADDRNOTAVAIL")
  return mac
}

function ownMac(machine: Machine): string {
  const n = machine.next.mac++
  return ["2e", "00", n >>> 24, n >>> 16, n >>> 8, n]
    .map((b) => (typeof b === "string" ? b : (b & 255).toString(16).padStart(2, "0")))
    .join(":")
}

/** An alias in the creating message is dropped, as the kernel does: so there is no parameter for it. */
function newLink(call: NetCall, end: Pick<VethEnd, "name" | "mac" | "mtu" | "group">, kind: string): NewLink {
  return {
    name: end.name,
    kind,
    mac: end.mac === undefined ? ownMac(call.machine) : goodMac(call, end.mac),
    macGiven: end.mac !== undefined,
    mtu: goodMtu(call, end.mtu ?? 1500),
    group: end.group ?? 0,
  }
}

const BORN: Required<BridgeOptions> = { ...BRIDGE_DEFAULTS, stp: false, vlan_filtering: false, ageing_time: 300, accept_ra: true }

export function addBridge(call: NetCall, request: NetRequest & { op: "bridge-add" }): void {
  freeName(call, call.network, request.name)
  const link = addLink(call.network, { ...newLink(call, request, "bridge"), bridge: { ...BORN, ...request.bridge } })
  if (request.up) setUp(link)
}

export function addVeth(call: NetCall, { end, peer }: NetRequest & { op: "veth-add" }): void {
  const outer = end.ns === undefined ? call.network : call.networkAt(end.ns)
  const inner = peer.ns === undefined ? outer : call.networkAt(peer.ns)
  freeName(call, outer, end.name)
  freeName(call, inner, peer.name)
  if (outer === inner && end.name === peer.name) call.refuse("EEXIST")
  const master = end.master === undefined || end.master === 0 ? undefined : findLink({ ...call, network: outer }, end.master)
  if (master !== undefined && master.bridge === undefined) call.refuse("EOPNOTSUPP")
  // The peer is registered first: the lower index is its.
  const [second, first] = [newLink(call, peer, "veth"), newLink(call, end, "veth")]
  const b = addLink(inner, second)
  const a = addLink(outer, { ...first, peer: b })
  b.peer = a
  if (master !== undefined) enslave(call, a, master)
  if (end.up) setUp(a)
}

/** In its own namespace, on a link of the one that the request is sent in, whose mtu it takes over; a vxlan's packets leave by links of that one. */
export function addOneEnded(call: NetCall, request: NetRequest & { op: "link-add" }): void {
  const { kind, options, parent } = request
  const network = call.networkAt(request.ns)
  const lower = parent === undefined ? undefined : findLink(call, parent)
  freeName(call, call.network, request.name)
  freeName(call, network, request.name)
  if (lower?.name === "lo") call.refuse("EINVAL")
  const isTaken = (upper: NetLink) => upper.kind === "vlan" && upper.options?.id === options.id
  if (kind === "vlan" && lower !== undefined && [...lower.uppers].some(isTaken)) call.refuse("EEXIST")
  const link = newLink(call, { ...request, mtu: bornMtu(request, lower) }, kind)
  const upper = addLink(network, {
    ...link,
    options: { ...options },
    ...(lower === undefined ? {} : { lower }),
    ...(kind === "vxlan" ? { underlay: call.network } : {}),
  })
  lower?.uppers.add(upper)
}

/** Of a vxlan what is left by the headers of its packets, whatever was asked for. */
function bornMtu({ kind, mtu }: { kind: string; mtu?: number }, lower: NetLink | undefined): number {
  if (kind === "vxlan" && lower !== undefined) return Math.min(mtu ?? 1500, lower.mtu - 50)
  return mtu ?? lower?.mtu ?? 1500
}

export function addTap(call: NetCall, { name, multi_queue, ...ids }: TapWish): NetLink {
  freeName(call, call.network, name)
  const options = { type: "tap", ...ids, ...(multi_queue ? { multi_queue: 1 } : {}) }
  return addLink(call.network, { ...newLink(call, { name }, "tun"), options })
}

export function setLink(call: NetCall, { ns, ...request }: NetRequest & { op: "link-set" }): void {
  const found = findLink(call, request.link)
  if (ns === undefined) changeLink(call, found, request)
  else moveLink(call, found, call.networkAt(ns), request)
}

function changeLink(call: NetCall, link: NetLink, request: NetRequest & { op: "link-set" }): void {
  const { name, alias, mtu, mac, up, master, group, bridge, port, bond } = request
  if (name !== undefined && name !== link.name) link.name = freeName(call, call.network, name)
  if (mac !== undefined) setMac(call, link, mac)
  if (mtu !== undefined) setMtu(call, link, mtu)
  if (master === 0) release(link)
  else if (master !== undefined) enslave(call, link, findLink(call, master))
  if (group !== undefined) link.group = group
  if (alias !== undefined) link.alias = Buffer.byteLength(alias) > 255 ? call.refuse("EINVAL") : alias
  if (port !== undefined) setPort(call, link, port)
  if (bond !== undefined) link.options = link.kind === "bond" ? { ...link.options, ...bond } : call.refuse("EOPNOTSUPP")
  if (bridge !== undefined) link.bridge = link.bridge === undefined ? call.refuse("EOPNOTSUPP") : { ...link.bridge, ...bridge }
  if (up === true && link.kind === "vlan" && link.lower?.up === false) call.refuse("ENETDOWN")
  if (up === true) setUp(link)
  if (up === false) setDown(link)
}

/** Nobody has given a link any here. */
export function changeAltname(call: NetCall, { op, link, name }: NetRequest & { op: "altname-add" | "altname-delete" }): void {
  findLink(call, link)
  const isThere = linkNamed(call.network, name) !== undefined
  if (op === "altname-delete") call.refuse(isThere ? "EINVAL" : "ENOENT")
  call.refuse(isThere ? "EEXIST" : "EOPNOTSUPP")
}

/** Down, without its addresses and routes, and under its own name where that is free; what else is asked for comes after. */
function moveLink(call: NetCall, link: NetLink, network: Network, rest: NetRequest & { op: "link-set" }): void {
  if (link.bridge !== undefined || link.name === "lo") call.refuse("EINVAL", "The interface netns is immutable")
  const taken = linkNamed(network, link.name) !== undefined
  if (taken) link.name = freeName(call, network, rest.name ?? link.name)
  setDown(link)
  release(link)
  link.network.links.delete(link.index)
  link.network.routes = link.network.routes.filter(({ dev }) => dev !== link.index)
  Object.assign(link, { network, addresses: [], index: network.links.has(link.index) ? network.nextIndex++ : link.index })
  network.nextIndex = Math.max(network.nextIndex, link.index + 1)
  network.links.set(link.index, link)
  changeLink({ ...call, network }, link, rest)
}

/** Of a port of a bridge: a link that is none is refused. */
export function setHairpin(call: NetCall, { link, on }: NetRequest & { op: "hairpin" }): void {
  const port = findLink(call, link)
  if (port.master === 0) call.refuse("EOPNOTSUPP")
  if (on) port.hairpin = true
  else delete port.hairpin
}

/** Only what differs from a port that nobody has set is kept, as it is told. */
function setPort(call: NetCall, link: NetLink, port: PortOptions): void {
  if (link.master === 0) call.refuse("EINVAL")
  link.port = unusual(PORT_DEFAULTS, { ...link.port, ...port })
}

/** Only a port whose bridge has no spanning tree is shut or opened by hand, and with any other word than `disabled` one that can send. */
export function setPortState(call: NetCall, { link, state }: NetRequest & { op: "port-state" }): void {
  const port = findLink(call, link)
  const bridge = port.network.links.get(port.master)?.bridge ?? call.refuse("EOPNOTSUPP")
  if (bridge.stp) call.refuse("EBUSY")
  if (!port.up || (state !== "disabled" && stateOf(port) !== "up")) call.refuse("ENETDOWN")
  if (state === "forwarding") delete port.portState
  else port.portState = state
}

/** `bridge vlan add` and `del`, of a port. */
export function setVlan(call: NetCall, { op, link: ref, vlan }: NetRequest & { op: "vlan-add" | "vlan-delete" }): void {
  const link = findLink(call, ref)
  const range = parseVlan(vlan) ?? call.refuse("EINVAL")
  if (link.master === 0) call.refuse("EOPNOTSUPP")
  const { from, to, pvid, untagged } = range
  for (let id = from; id <= to; id++) {
    if (op === "vlan-delete") link.vlans.delete(id) || call.refuse("ENOENT")
    else {
      if (pvid) for (const [other, flags] of link.vlans) link.vlans.set(other, { ...flags, pvid: false })
      link.vlans.set(id, { pvid, untagged })
    }
  }
}

function setMac(call: NetCall, link: NetLink, mac: string): void {
  link.mac = goodMac(call, mac)
  link.macGiven = true
}

/** A value that it has already is not noticed at all: a bridge does not count it as given. */
function setMtu(call: NetCall, link: NetLink, mtu: number): void {
  if (link.mtu === mtu) return
  if (link.kind === "vlan" && link.lower !== undefined && mtu > link.lower.mtu) call.refuse("ERANGE")
  if (link.kind === "vxlan" && link.lower !== undefined && mtu > link.lower.mtu - 50) call.refuse("EINVAL")
  link.mtu = link.name === "lo" && mtu === 65_536 ? mtu : goodMtu(call, mtu)
  link.mtuGiven = true
  for (const upper of link.uppers) if (upper.kind !== "vxlan" && upper.mtu > mtu) setMtu(call, upper, mtu)
  const bridge = link.network.links.get(link.master)
  if (bridge?.bridge !== undefined) portsChanged(bridge)
}

function enslave(call: NetCall, link: NetLink, master: NetLink): void {
  if (master.bridge === undefined && !["vrf", "bond"].includes(master.kind)) call.refuse("EOPNOTSUPP")
  if (master.kind === "bond" && link.up) call.refuse("EPERM", "Device can not be enslaved while up")
  if (link.name === "lo" || link.bridge !== undefined) call.refuse(link.name === "lo" ? "EINVAL" : "ELOOP")
  if (link.master === master.index) return
  release(link)
  link.master = master.index
  if (master.kind === "bond") joinBond(link, master)
  if (master.bridge === undefined) return
  const pvid = master.bridge.vlan_default_pvid
  link.vlans = new Map(pvid === 0 ? [] : [[pvid, { pvid: true, untagged: true }]])
  portsChanged(master)
}

function release(link: NetLink): void {
  const master = link.network.links.get(link.master)
  const bridge = master?.bridge === undefined ? undefined : master
  link.master = 0
  if (master?.kind === "bond") leaveBond(link, master)
  delete link.hairpin
  delete link.port
  delete link.portState
  link.vlans = new Map()
  if (bridge !== undefined) portsChanged(bridge)
}

/** Without a MAC address that it was given a bond takes over that of its first member. */
function joinBond(link: NetLink, bond: NetLink): void {
  if (!bond.macGiven && membersOf(bond).length === 1) bond.mac = link.mac
  setUp(link)
}

/** A bond without members forgets what it was given. */
function leaveBond(link: NetLink, bond: NetLink): void {
  setDown(link)
  if (membersOf(bond).length > 0) return
  bond.mac = "2e:ff:00:00:00:01"
  bond.macGiven = false
}

function membersOf(bond: NetLink): NetLink[] {
  return [...bond.network.links.values()].filter(({ master }) => master === bond.index)
}

/** A bridge takes the smallest mtu and the lowest mac of its ports, unless it was told its own. */
function portsChanged(bridge: NetLink): void {
  const ports = portsOf(bridge)
  if (!bridge.mtuGiven) bridge.mtu = ports.length === 0 ? 1500 : Math.min(...ports.map((p) => p.mtu))
  if (!bridge.macGiven) bridge.mac = ports.map((p) => p.mac).sort()[0] ?? "00:00:00:00:00:00"
  carrierChanged(bridge)
}

function setUp(link: NetLink): void {
  if (link.up) return
  link.up = true
  if (link.name === "lo" || link.kind === "") addLoopback(link)
  for (const each of affected(link)) carrierChanged(each)
  for (const vlan of vlansOn(link)) setUp(vlan)
}

function setDown(link: NetLink): void {
  if (!link.up) return
  link.up = false
  linkDown(link)
  for (const each of affected(link)) carrierChanged(each)
  for (const vlan of vlansOn(link)) setDown(vlan)
}

function vlansOn(link: NetLink): NetLink[] {
  return [...link.uppers].filter(({ kind }) => kind === "vlan")
}

/** Links whose carrier may hang on this one. */
function affected(link: NetLink): NetLink[] {
  const bridgeOf = (l: NetLink | undefined) => l?.network.links.get(l.master)
  return [link, link.peer, bridgeOf(link), bridgeOf(link.peer), ...link.uppers].filter((l) => l !== undefined)
}

export function deleteLink(call: NetCall, ref: LinkRef): void {
  const link = findLink(call, ref)
  if (link.kind === "") call.refuse("EOPNOTSUPP")
  dropLink(link)
}

/** `ip link del group N`: ENODEV where no link bears it. */
export function deleteGroup(call: NetCall, group: number): void {
  const links = [...call.network.links.values()].filter((link) => link.group === group)
  if (links.length === 0) call.refuse("ENODEV")
  if (links.some((link) => link.kind === "")) call.refuse("EOPNOTSUPP")
  for (const link of links) dropLink(link)
}

/** A veth goes with its peer, what lies on a link with that, a bridge lets its ports go; addresses and routes go with their link. */
export function dropLink(link: NetLink): void {
  for (const upper of link.uppers) dropLink(upper)
  for (const doomed of link.peer === undefined ? [link] : [link, link.peer]) {
    const { network } = doomed
    if (network.links.get(doomed.index) !== doomed) continue
    for (const port of portsOf(doomed)) port.master = 0
    for (const member of network.links.values()) if (doomed.kind === "bond" && member.master === doomed.index) release(member)
    network.links.delete(doomed.index)
    doomed.lower?.uppers.delete(doomed)
    network.routes = network.routes.filter(
      ({ dev, nexthops = [] }) => dev !== doomed.index && !nexthops.some((hop) => hop.dev === doomed.index),
    )
    network.neighbours = network.neighbours.filter((one) => one.dev !== doomed.index)
    const bridge = network.links.get(doomed.master)
    if (bridge?.bridge !== undefined) portsChanged(bridge)
  }
}
