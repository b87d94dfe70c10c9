import type { PortOptions, PortState } from "../../../src/base/bridge-options.ts"
import { formatVlans } from "../../../src/base/vlans.ts"
import type {
  BridgeOptions,
  FdbEntry,
  Impairment,
  Link,
  LinkOptions,
  LiveRule,
  Neighbour,
  NetDump,
  Route,
  Routing,
  WireGuardDevice,
} from "../../../src/kernel/kernel.ts"
import { asksVrfs, ROUTE_PROTOCOL } from "../../../src/kernel/kernel.ts"

const MAIN_TABLE = 254

/** A network namespace's links, addresses and routes. */
export interface Network {
  links: Map<number, NetLink>
  routes: Route[]
  rules: LiveRule[]
  /** There is, or was, a vrf. */
  hadVrf?: boolean
  neighbours: Neighbour[]
  nextIndex: number
  /** SO_NETNS_COOKIE */
  cookie: string
}

let nextCookie = 1

export interface NetAddress {
  address: string
  scope: string
  protocol: number
}

export interface NetLink {
  network: Network
  index: number
  name: string
  kind: string
  mac: string
  /** Given, not made up: a bridge keeps it whatever its ports have. */
  macGiven: boolean
  mtu: number
  /** Changed after creation: a bridge then keeps it whatever its ports have. */
  mtuGiven: boolean
  up: boolean
  master: number
  group: number
  alias: string
  peer?: NetLink
  bridge?: Required<BridgeOptions>
  port?: PortOptions
  vlans: Map<number, { pvid: boolean; untagged: boolean }>
  /** Of a link with one end: what it lies on, and what else it is made with. */
  lower?: NetLink
  /** Of a vxlan: by whose links its packets leave. */
  underlay?: Network
  uppers: Set<NetLink>
  options?: LinkOptions
  addresses: NetAddress[]
  hairpin?: true
  /** Absent: it forwards. */
  portState?: PortState
  /** Its parameter of that name; absent: off. */
  routeLocalnet?: boolean
  /** Of a veth; absent: as it is born. */
  acceptRa?: boolean
  impair?: Impairment
  fdb?: FdbEntry[]
  wireGuard?: WireGuardDevice
}

/** A new namespace holds a loopback link that is down. */
export function newNetwork(): Network {
  const network: Network = { links: new Map(), routes: [], rules: [], neighbours: [], nextIndex: 1, cookie: String(nextCookie++) }
  addLink(network, { name: "lo", kind: "", mac: "00:00:00:00:00:00", macGiven: true, mtu: 65_536 })
  return network
}

export type NewLink = Pick<NetLink, "name" | "kind" | "mac" | "macGiven" | "mtu"> & Partial<NetLink>

export function addLink(network: Network, link: NewLink): NetLink {
  const whole: NetLink = {
    mtuGiven: false,
    up: false,
    master: 0,
    group: 0,
    alias: "",
    addresses: [],
    vlans: new Map(),
    uppers: new Set(),
    ...link,
    network,
    index: network.nextIndex++,
  }
  network.links.set(whole.index, whole)
  return whole
}

/** Whether frames can pass: what IPv6 waits for before it gives a link an address. */
export function hasCarrier(link: NetLink): boolean {
  if (!link.up) return false
  if (link.peer !== undefined) return link.peer.up
  if (link.lower !== undefined && link.kind !== "vxlan") return hasCarrier(link.lower)
  const ports = portsOf(link)
  return ports.length === 0 || ports.some(hasCarrier)
}

export function portsOf(bridge: NetLink): NetLink[] {
  if (bridge.kind !== "bridge") return []
  return [...bridge.network.links.values()].filter((link) => link.master === bridge.index)
}

export function stateOf(link: NetLink): string {
  if (!link.up) return "down"
  if (link.peer !== undefined) return link.peer.up ? "up" : "lowerlayerdown"
  if (link.lower !== undefined && link.kind !== "vxlan") return hasCarrier(link.lower) ? "up" : "lowerlayerdown"
  if (link.kind !== "bridge") return "unknown"
  const ports = portsOf(link)
  return ports.length === 0 ? "unknown" : ports.some(hasCarrier) ? "up" : "down"
}

export function dumpNetwork(network: Network): NetDump {
  const links = [...network.links.values()]
  return {
    links: links.map(dumpLink),
    addresses: links.flatMap((link) => link.addresses.map((a) => ({ index: link.index, ...a }))),
    routes: network.routes.filter(({ table }) => table === MAIN_TABLE).map((route) => ({ ...route })),
    ...unruled(network),
  }
}

/** Told only where there are vrfs. */
function unruled({ links, rules }: Network): Pick<NetDump, "vrfUnruled"> {
  if (![...links.values()].some(({ kind }) => kind === "vrf")) return {}
  const families = (["inet", "inet6"] as const).filter((family) => !rules.some((rule) => rule.family === family && asksVrfs(rule)))
  return families.length === 0 ? {} : { vrfUnruled: families }
}

/** The same of what a dump does not tell. */
export function dumpRouting({ routes, rules, neighbours }: Network): Routing {
  return {
    routes: routes.filter(({ table, protocol }) => table !== MAIN_TABLE && protocol === ROUTE_PROTOCOL).map((route) => ({ ...route })),
    rules: rules.map((rule) => ({ ...rule })),
    neighbours: neighbours.map((one) => ({ ...one })),
  }
}

function dumpLink(link: NetLink): Link {
  const { index, name, kind, mac, mtu, up, master, group, alias, peer, bridge, options, impair, hairpin, port, portState, fdb } = link
  return {
    ...{ index, name, kind, mac, mtu, up, state: stateOf(link), master, group, alias, peerIndex: peer?.index ?? 0 },
    ...(bridge === undefined ? {} : { bridge: { ...bridge } }),
    ...underneath(link),
    ...(options === undefined ? {} : { options: { ...options } }),
    ...(port === undefined || Object.keys(port).length === 0 ? {} : { port: { ...port } }),
    ...(link.network.links.get(master)?.bridge?.vlan_filtering ? { vlans: formatVlans(link.vlans) } : {}),
    ...(fdb === undefined || fdb.length === 0 ? {} : { fdb: fdb.map((entry) => ({ ...entry })) }),
    ...(impair === undefined ? {} : { impair: { ...impair } }),
    ...(kind === "veth" && alias !== "" && master === 0 && link.acceptRa !== false ? { accept_ra: true as const } : {}),
    ...(hairpin === undefined ? {} : { hairpin }),
    ...(portState === undefined ? {} : { port_state: portState }),
  }
}

function underneath({ network, lower, underlay }: NetLink): Pick<Link, "parent" | "parentBeside"> {
  return {
    ...(lower === undefined ? {} : { parent: lower.index }),
    ...((underlay ?? lower?.network) === network ? { parentBeside: true } : {}),
  }
}
