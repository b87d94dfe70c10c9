import type { Address } from "../../base/address.ts"
import type { PortOptions, PortState } from "../../base/bridge-options.ts"
import type { Impair } from "../link/spec-impair.ts"
import type { FdbSpec } from "./spec-fdb.ts"
import type { LinkKindName } from "./spec-link-kinds.ts"
import type { WireGuardSpec } from "./spec-wireguard.ts"

/** Whether the kernel's rules that ask the tables of vrfs are there; an absent one is. */
export type VrfRules = { readonly [family in "inet" | "inet6"]?: boolean }

/** A container's interface: a veth pair whose other end is a port of a bridge, or a link with one end. Resource name: `CONTAINER.INTERFACE`. */
export type InterfaceAttributes = PortAttributes | OneEndedAttributes

interface Inside {
  /** What befalls what the container sends; absent: nothing. */
  impair?: Impair
  /** Address of the container, `container.web`. */
  container: string
  /** Name inside, `eth0`. */
  interface: string
  /** The mark by which it is the stack's: of the port, or of the link that has no other end. */
  alias: string
  /** Of one that is given back as it was found, and of none else: names of the file that its port and its end had besides. */
  altnames?: { port?: string; inside?: string }
  /** Only ever observed: another group than the stack's, into which somebody has put the link that bears the mark. */
  group?: number
  /** Inside, canonical and sorted; `["auto"]` until the planner has chosen. */
  address: string[]
  /** Default gateways, one for each family at most. */
  gateway: string[]
  /** Inside. */
  up: boolean
  /** Name of the vrf of the container that it is in; absent: of none. */
  inside_master?: string
}

/**
 * On a bridge: a veth pair whose one end is a port of the bridge on the host and whose other end is named `interface` in the container's
 * network namespace.
 */
export interface PortAttributes extends Inside {
  /** Address of the bridge, `bridge.lan`. */
  bridge: string
  /** The bridge's kernel name: what the port's master must be. */
  master: string
  /** Name of the port on the host, at most 15 bytes. */
  host_interface: string
  mac: string
  /** Of both ends. */
  mtu: number
  /** The port on the host: it is up, and only the bridge speaks for it. Options of the port that are as usual are absent. */
  host_end: { mac: string; address: string[]; up: boolean; impair?: Impair; state?: PortState } & PortOptions
  /** Where the bridge filters VLANs, those that the port is in: `10 pvid untagged`, `30-40`. */
  vlans?: string[]
  link?: undefined
  fdb?: undefined
  wireguard?: undefined
  bond?: undefined
  l3mdev?: undefined
  parent?: undefined
}

/** A link with one end, in the container's network namespace, made from there or from the host's. ip-link(8) */
export interface OneEndedAttributes extends Inside {
  link: LinkAttributes
  /** Address of the stack's bridge, pair or interface that it lies on; absent: it lies on a link that is not the stack's, or on none. */
  parent?: Address
  /** Absent: as its kind has it (an ipvlan has its parent's). */
  mac?: string
  /** Absent: as it is born, with that of its parent. */
  mtu?: number
  /** vxlan: where frames go besides, in the order of their MAC addresses; absent: nowhere. */
  fdb?: FdbSpec[]
  /** wireguard: its key, its port and its peers. */
  wireguard?: WireGuardSpec
  /** bond: how often it looks after its members, in milliseconds, and the names of these, interfaces of the same container, sorted. */
  bond?: { miimon: number; members: string[] }
  /** vrf, only ever observed: of each family (`inet`, `inet6`) whose rule that asks its table is not there: false. */
  l3mdev?: VrfRules
  bridge?: undefined
  master?: undefined
  host_interface?: undefined
  host_end?: undefined
  vlans?: undefined
}

/** What it is: nothing of it can be changed. */
export interface LinkAttributes {
  kind: LinkKindName
  /** Kernel name of a link of the host, on which it lies, or which it is (phys). */
  parent?: string
  /** The same of one of the container's own links. */
  link?: string
  /** vxlan, where neither is said: its packets leave by the container's links; absent: by the host's. The word is that of ip-link(8). */
  link_netns?: "container"
  /** macvlan, ipvlan, bond */
  mode?: string
  /** vlan, vxlan */
  id?: number
  /** vxlan: IPv4 addresses of the other end or of a multicast group, and to send from; the UDP port. */
  remote?: string
  /** Of a tap: a group's id in the container. */
  group?: string | number
  local?: string
  port?: number
  /** A gre: the number in each packet, and the packets' hop limit. `local` and `remote` are addresses of the container's networks. */
  key?: number
  ttl?: number
  /** vrf: the routing table of its interfaces. */
  table?: number
  /** tap: a user's id in the container. */
  owner?: number
  /** tap: several programs, or threads, at once. */
  multi_queue?: true
  /** tap, only ever observed: it goes with the program that has it open. */
  persist?: "off"
}
