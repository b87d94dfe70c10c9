import type { PortOptions, PortState } from "../../../base/bridge-options.ts"
import { PORT_DEFAULTS, PORT_STATES } from "../../../base/bridge-options.ts"
import type { BridgeOptions, LiveBridge } from "../../kernel.ts"
import { eachAttribute, readU8, typesOf, writeNested, writeText, writeU32 } from "../attr.ts"
import * as N from "../constants/if-bridge.ts"
import { IFLA_INFO_DATA, IFLA_INFO_KIND, IFLA_INFO_SLAVE_DATA, IFLA_INFO_SLAVE_KIND, IFLA_LINKINFO } from "../constants/if-link.ts"
import type { WireWriter } from "../wire.ts"
import type { Codec } from "./codec.ts"
import { be16, flag, u16, u32, words } from "./codec.ts"

type Table<K extends string> = { readonly [option in K]: readonly [attribute: number, codec: Codec] }

/** What the kernel counts in USER_HZ, in seconds. */
const TICKS_PER_SECOND = 100
const seconds: Codec = {
  write: (w, type, value) => writeU32(w, type, Math.round(Number(value) * TICKS_PER_SECOND)),
  read: (bytes, from, to) => Number(u32.read(bytes, from, to)) / TICKS_PER_SECOND,
}
const flag32: Codec = {
  write: (w, type, value) => writeU32(w, type, Number(value)),
  read: (bytes, from, to) => u32.read(bytes, from, to) !== 0,
}

/** In the order of a message. linux/if_ether.h has the numbers of the protocols. */
const BRIDGE: Table<Exclude<keyof BridgeOptions, "accept_ra">> = {
  forward_delay: [N.IFLA_BR_FORWARD_DELAY, seconds],
  hello_time: [N.IFLA_BR_HELLO_TIME, seconds],
  max_age: [N.IFLA_BR_MAX_AGE, seconds],
  ageing_time: [N.IFLA_BR_AGEING_TIME, seconds],
  stp: [N.IFLA_BR_STP_STATE, flag32],
  priority: [N.IFLA_BR_PRIORITY, u16],
  vlan_filtering: [N.IFLA_BR_VLAN_FILTERING, flag],
  vlan_protocol: [N.IFLA_BR_VLAN_PROTOCOL, words(be16, { "802.1Q": 0x8100, "802.1ad": 0x88a8 })],
  group_fwd_mask: [N.IFLA_BR_GROUP_FWD_MASK, u16],
  mcast_snooping: [N.IFLA_BR_MCAST_SNOOPING, flag],
  mcast_querier: [N.IFLA_BR_MCAST_QUERIER, flag],
  vlan_default_pvid: [N.IFLA_BR_VLAN_DEFAULT_PVID, u16],
}

const PORT: Table<keyof PortOptions> = {
  priority: [N.IFLA_BRPORT_PRIORITY, u16],
  cost: [N.IFLA_BRPORT_COST, u32],
  guard: [N.IFLA_BRPORT_GUARD, flag],
  root_block: [N.IFLA_BRPORT_PROTECT, flag],
  fastleave: [N.IFLA_BRPORT_FAST_LEAVE, flag],
  learning: [N.IFLA_BRPORT_LEARNING, flag],
  flood: [N.IFLA_BRPORT_UNICAST_FLOOD, flag],
  mcast_flood: [N.IFLA_BRPORT_MCAST_FLOOD, flag],
  bcast_flood: [N.IFLA_BRPORT_BCAST_FLOOD, flag],
  neigh_suppress: [N.IFLA_BRPORT_NEIGH_SUPPRESS, flag],
  isolated: [N.IFLA_BRPORT_ISOLATED, flag],
}

/** By the attribute's number: a namespace may have a thousand ports, each with forty attributes. */
const BRIDGE_BY_NUMBER = byNumber(BRIDGE)
const PORT_BY_NUMBER = byNumber(PORT)
const PORT_TYPES = typesOf(...Object.values(PORT).map(([number]) => number))

function byNumber(table: Table<string>): readonly (readonly [option: string, codec: Codec] | undefined)[] {
  const found: (readonly [string, Codec] | undefined)[] = []
  for (const [option, [number, codec]] of Object.entries(table)) found[number] = [option, codec]
  return found
}

function write(w: WireWriter, table: Table<string>, options: { readonly [option: string]: string | number | boolean | undefined }): void {
  for (const [option, [attribute, codec]] of Object.entries(table)) {
    const value = options[option]
    if (value !== undefined) codec.write(w, attribute, value)
  }
}

/** IFLA_LINKINFO of a bridge, with the options that are given. */
export function writeBridge(w: WireWriter, options: BridgeOptions): void {
  writeNested(w, IFLA_LINKINFO, () => {
    writeText(w, IFLA_INFO_KIND, "bridge")
    if (Object.values(options).every((value) => value === undefined)) return
    writeNested(w, IFLA_INFO_DATA, () => write(w, BRIDGE, { ...options }))
  })
}

/** IFLA_LINKINFO of a port of a bridge, with the options that are given. */
export function writePort(w: WireWriter, options: PortOptions): void {
  writeNested(w, IFLA_LINKINFO, () => {
    writeText(w, IFLA_INFO_SLAVE_KIND, "bridge")
    writeNested(w, IFLA_INFO_SLAVE_DATA, () => write(w, PORT, { ...options }))
  })
}

/**
 * IFLA_INFO_DATA of a bridge. Under another bridge's root the times are that one's, as br_fill_info() in net/bridge/br_netlink.c has it; and for the
 * time of a topology change the kernel's own spanning tree ages by twice the forward delay (__br_set_topology_change).
 */
export function readBridge(bytes: Buffer, start: number, end: number): LiveBridge {
  const options: { [option: string]: string | number | boolean } = {}
  let changing = false
  const ids: string[] = []
  eachAttribute(bytes, start, end, (type, from, to) => {
    const known = BRIDGE_BY_NUMBER[type]
    const value = known?.[1].read(bytes, from, to)
    if (known !== undefined && value !== undefined) options[known[0]] = value
    else if (type === N.IFLA_BR_TOPOLOGY_CHANGE) changing = readU8(bytes, from, to) !== 0
    else if (type === N.IFLA_BR_ROOT_ID || type === N.IFLA_BR_BRIDGE_ID) ids.push(bytes.toString("hex", from, to))
  })
  const bridge: LiveBridge = { stp: false, vlan_filtering: false, ...options }
  if (bridge.stp && changing) delete bridge.ageing_time
  if (bridge.stp && ids[0] !== ids[1]) for (const time of ["forward_delay", "hello_time", "max_age"] as const) delete bridge[time]
  return bridge
}

/** IFLA_INFO_SLAVE_DATA of a port: in what it is not as every port is born; undefined: in nothing. */
export function readPort(bytes: Buffer, start: number, end: number): PortOptions | undefined {
  let port: { [option: string]: string | number | boolean } | undefined
  const take = (type: number, from: number, to: number) => {
    const known = PORT_BY_NUMBER[type]
    if (known === undefined) return
    const value = known[1].read(bytes, from, to)
    if (value === undefined || value === PORT_DEFAULTS[known[0] as keyof PortOptions]) return
    port ??= {}
    port[known[0]] = value
  }
  eachAttribute(bytes, start, end, take, PORT_TYPES)
  return port
}

const OF_STATE = [N.IFLA_BRPORT_STATE, N.IFLA_BRPORT_FORWARD_DELAY_TIMER]
const STATE_TYPES = typesOf(...OF_STATE)

/** The attributes in IFLA_INFO_SLAVE_DATA that `readPort` and `readPortState` look at. */
export const TYPES_OF_PORT: readonly number[] = [...Object.values(PORT).map(([number]) => number), ...OF_STATE]

/** States from which a port goes on to the next one when its timer ends, spanning tree or not. br_forward_delay_timer_expired() */
const PASSING = new Set<PortState | undefined>(["listening", "learning"])

/** The same of what it does with frames; undefined: it forwards them, or is about to. */
export function readPortState(bytes: Buffer, start: number, end: number): PortState | undefined {
  let state: PortState | undefined
  let isTimed = false
  const take = (type: number, from: number, to: number) => {
    if (type === N.IFLA_BRPORT_STATE) state = PORT_STATES[readU8(bytes, from, to)]
    else if (type === N.IFLA_BRPORT_FORWARD_DELAY_TIMER) isTimed = bytes.subarray(from, to).some((byte) => byte !== 0)
  }
  eachAttribute(bytes, start, end, take, STATE_TYPES)
  return state === "forwarding" || (isTimed && PASSING.has(state)) ? undefined : state
}
