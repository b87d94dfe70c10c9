import type { BridgeOptions as OtherBridgeOptions, PortOptions, PortState } from "../base/bridge-options.ts"
import type { Route, Rule } from "./routing.ts"

export interface BridgeOptions extends OtherBridgeOptions {
  stp?: boolean
  vlan_filtering?: boolean
  /** Seconds. */
  ageing_time?: number
}

/**
 * What a bridge is like. Absent: what this kernel knows nothing of; and while the kernel's spanning tree works with others, the times that it will go
 * back to.
 */
export interface LiveBridge extends BridgeOptions {
  stp: boolean
  vlan_filtering: boolean
}

export interface Link {
  index: number
  name: string
  /** `bridge`, `veth`, …; "" for lo and hardware. */
  kind: string
  /** Of a member of a bond: its own. */
  mac: string
  mtu: number
  /** IFF_UP: administratively up. */
  up: boolean
  /** IF_OPER_*: `up`, `down`, `lowerlayerdown`, `unknown`, … */
  state: string
  /** ifindex of the bridge it is a port of; 0: none. */
  master: number
  group: number
  alias: string
  /** Names that it has besides. ip-link(8), `property` */
  altnames?: string[]
  /** ifindex of a veth's peer, in the peer's namespace; 0: none. */
  peerIndex: number
  bridge?: LiveBridge
  /** Of an end of a veth pair, in the host's namespace, that bears a mark and is no port: it heeds routers that advertise themselves. ip-sysctl.rst */
  accept_ra?: true
  /** Of a port of a bridge that gives back what came by it; absent: it does not. */
  hairpin?: true
  /** Of a port of a bridge: in what it differs from one that nobody has set. */
  port?: PortOptions
  /** Of such a port that does not forward frames, and is not about to: what it does with them. */
  port_state?: PortState
  /** Of a port of a bridge that filters VLANs: those that it is in, as `10 pvid untagged`, `30-40` (base/vlans.ts). */
  vlans?: string[]
  /** Of a link with one end: ifindex of the link it lies on, in the namespace where it was made; absent: it lies on none. */
  parent?: number
  /** That link is in the namespace of this one. Of a vxlan also without a `parent`: its packets leave by links of that. */
  parentBeside?: true
  /** Of such a link: what else its kind is made with. */
  options?: LinkOptions
  /** Of a vxlan: where frames go, as somebody has set it, beside its `remote` or `group`; absent: nobody has. */
  fdb?: FdbEntry[]
  /** What befalls what it sends; absent: nothing. */
  impair?: Impairment
}

/** An entry of a vxlan's forwarding database that is not learned: what is sent to `mac` goes in packets to `to`. bridge(8) */
export interface FdbEntry {
  /** 00:00:00:00:00:00: what goes to all, or to somebody whose place is not known. */
  mac: string
  /** IPv4 address. */
  to: string
  /** UDP port, where it is not the vxlan's own. */
  port?: number
  /** Number of the network, where it is not the vxlan's own. */
  vni?: number
}

/** What a link has taken in or sent since it was made, as `ip -s link` counts it. */
export interface Traffic {
  bytes: number
  packets: number
  errors: number
  dropped: number
}

export interface LinkCounters {
  index: number
  /** IFF_LOWER_UP: it could send now. IF_OPER_* follow that up to a second later. */
  carrier: boolean
  rx: Traffic
  tx: Traffic
}

/** The queueing disciplines that impair: tc-netem(8), tc-tbf(8). */
export type Qdisc = "netem" | "tbf"

/** What befalls what a link sends. An absent key: nothing of the kind. */
export interface Impairment {
  /** Nanoseconds. */
  delay?: number
  /** Nanoseconds, by which the delay goes up and down. */
  jitter?: number
  /** Percent of the packets, as are `duplicate`, `corrupt` and `reorder`. */
  loss?: number
  duplicate?: number
  corrupt?: number
  reorder?: number
  /** Bits a second, in whole bytes. */
  rate?: number
  /** Packets that wait at the most, where it is not the usual number. */
  limit?: number
  /** Only ever observed: what is done to them besides, in words. */
  other?: string
}

/** The words of ip-link(8) for the kind of link: `mode`, `id`, `remote`, … */
export type LinkOptions = { readonly [option: string]: string | number }

export interface InterfaceAddress {
  index: number
  /** `10.0.0.1/24`, `fd20::1/64`, canonical. */
  address: string
  /** rtnetlink(7): `global`, `link`, `host`. */
  scope: string
  /** IFAPROT_*: 0 is no one's; 1 (loopback), 2 (router advertisement) and 3 (link-local) are the kernel's. */
  protocol: number
  /** The kernel has made no route to its subnet for it: nobody wanted one, or another address of the subnet was there before it (IPv4). */
  routeless?: true
  /** Of that route, where somebody has asked for another one than the usual. */
  metric?: number
}

export interface NetDump {
  links: Link[]
  addresses: InterfaceAddress[]
  /** Of the main table, those that a stack could have: not multicast or broadcast. */
  routes: Route[]
  /** Of the tables of the vrfs of a container, all but the local ones; absent where there is none. */
  vrfRoutes?: Route[]
  /** Of a container with vrfs the families in which no rule leads to their tables any more; absent: none of them. */
  vrfUnruled?: Rule["family"][]
}
