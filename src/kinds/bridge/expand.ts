import type { BridgeOptions } from "../../base/bridge-options.ts"
import { BRIDGE_DEFAULTS, unusual } from "../../base/bridge-options.ts"
import { shortened } from "../../base/hash.ts"
import { deriveMac } from "../../base/mac.ts"
import type { Entry, Expanded } from "../../model/entry.ts"
import { aliasOf } from "../../model/ownership.ts"
import { addressList, macOf } from "../link/expand-link.ts"
import type { ResolverEntry } from "./expand-resolver.ts"
import type { BridgeAttributes } from "./spec.ts"

/** A bridge as the file writes it. */
export interface BridgeEntry extends BridgeOptions {
  address?: string | string[]
  mtu?: number
  mac?: string
  stp?: boolean
  vlan_filtering?: boolean
  ageing_time?: number
  nat?: boolean
  internal?: boolean
  isolated?: boolean
  resolver?: boolean | ResolverEntry
  interface?: string
}

export function expandBridge(value: BridgeEntry, entry: Entry): Expanded<BridgeAttributes> {
  const attributes: BridgeAttributes = {
    interface: value.interface ?? shortened(`${entry.stack}-${entry.name}`, 15),
    alias: aliasOf(entry.stack, entry.address),
    address: addressList(entry, ["address"], value.address),
    mtu: value.mtu ?? 1500,
    mac: macOf(entry, ["mac"], value.mac) ?? deriveMac(`${entry.stack}/${entry.originOf(entry.address)}`),
    stp: value.stp ?? false,
    vlan_filtering: value.vlan_filtering ?? false,
    ageing_time: value.ageing_time ?? 300,
    up: true,
    ...unusual(BRIDGE_DEFAULTS, value),
  }
  checkOptions(value, entry)
  return { attributes, references: [] }
}

/** Those of the first three bits are the bridge's own: BR_GROUPFWD_RESTRICTED. */
const OWN_GROUPS = 7
/** Seconds, as the spanning tree bounds it: BR_MIN_FORWARD_DELAY. */
const LEAST_DELAY = 2

/** What the kernel would refuse as out of range, without saying which range. */
function checkOptions({ stp, forward_delay, group_fwd_mask }: BridgeEntry, entry: Entry): void {
  if (group_fwd_mask !== undefined && (group_fwd_mask & OWN_GROUPS) !== 0)
    entry.report(["group_fwd_mask"], "bad-mask", "addresses 01:80:c2:00:00:00, :01 and :02 are never passed on", {
      hint: "leave the three lowest bits out: 0x4000 for LLDP, 0xfff8 for all",
    })
  if (stp === true && forward_delay !== undefined && forward_delay < LEAST_DELAY)
    entry.report(["forward_delay"], "bad-delay", `with \`stp\`, a port listens for at least ${LEAST_DELAY} seconds`, {
      hint: "write 2 or more, or take `stp` out",
    })
}
