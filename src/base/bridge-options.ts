/** What a bridge is set to that is rarely said; the words are the kernel's. ip-link(8), linux/if_link.h */
export interface BridgeOptions {
  priority?: number
  /** Seconds, as `hello_time` and `max_age`. */
  forward_delay?: number
  hello_time?: number
  max_age?: number
  /** A bit for each address 01:80:c2:00:00:0X that is forwarded. */
  group_fwd_mask?: number
  mcast_snooping?: boolean
  mcast_querier?: boolean
  /** `802.1Q` or `802.1ad` */
  vlan_protocol?: string
  /** 0: a new port is in no VLAN. */
  vlan_default_pvid?: number
  /** Not of the bridge but of the host's IPv6 on it: whether it takes addresses and routes from routers. ip-sysctl.rst */
  accept_ra?: boolean
}

/** What a port of a bridge is set to, but for hairpin, which follows from published ports. `bridge link`, bridge(8) */
export interface PortOptions {
  priority?: number
  cost?: number
  guard?: boolean
  root_block?: boolean
  fastleave?: boolean
  learning?: boolean
  flood?: boolean
  mcast_flood?: boolean
  bcast_flood?: boolean
  neigh_suppress?: boolean
  isolated?: boolean
}

/** As a bridge is born, net/bridge/br_device.c; but for `accept_ra`, which a stack's bridge does not. */
export const BRIDGE_DEFAULTS: Readonly<Required<BridgeOptions>> = {
  ...{ priority: 0x8000, forward_delay: 15, hello_time: 2, max_age: 20, group_fwd_mask: 0 },
  ...{ mcast_snooping: true, mcast_querier: false, vlan_protocol: "802.1Q", vlan_default_pvid: 1 },
  accept_ra: false,
}

/** As a veth becomes a port: a cost of 2 is that of its 10 Gbit/s. new_nbp() and port_cost() in net/bridge/br_if.c */
export const PORT_DEFAULTS: Readonly<Required<PortOptions>> = {
  ...{ priority: 32, cost: 2, guard: false, root_block: false, fastleave: false },
  ...{ learning: true, flood: true, mcast_flood: true, bcast_flood: true, neigh_suppress: false, isolated: false },
}

/** BR_STATE_*, by number: what a port does with frames. Only ever observed; one that nobody has shut is forwarding. linux/if_bridge.h */
export const PORT_STATES = ["disabled", "listening", "learning", "forwarding", "blocking"] as const
export type PortState = (typeof PORT_STATES)[number]

export const BRIDGE_OPTIONS = Object.keys(BRIDGE_DEFAULTS) as (keyof BridgeOptions)[]
export const PORT_OPTIONS = Object.keys(PORT_DEFAULTS) as (keyof PortOptions)[]
export const VLAN_PROTOCOLS = ["802.1Q", "802.1ad"]

/** Those that are given and not as they are anyway. */
export function unusual<T extends object>(usual: Readonly<T>, given: Readonly<Partial<T>>): Partial<T> {
  const keys = (Object.keys(usual) as (keyof T)[]).filter((key) => given[key] !== undefined && given[key] !== usual[key])
  return Object.fromEntries(keys.map((key) => [key, given[key]])) as Partial<T>
}

/** With the usual value of each that only the other one has: what an absent one means. */
export function likewise<T extends object, A extends object>(usual: Readonly<T>, one: A, other: object): A {
  const lacking = Object.keys(usual).filter((key) => Object.hasOwn(other, key) && !Object.hasOwn(one, key))
  return lacking.length === 0 ? one : { ...one, ...Object.fromEntries(lacking.map((key) => [key, usual[key as keyof T]])) }
}
