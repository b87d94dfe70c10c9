import { shortened } from "../../base/hash.ts"
import { deriveMac } from "../../base/mac.ts"
import type { Entry, Expanded } from "../../model/entry.ts"
import { aliasOf } from "../../model/ownership.ts"
import { addressList, macOf } from "../link/expand-link.ts"
import type { BridgeAttributes } from "./spec.ts"

/** A bridge as the file writes it. */
export interface BridgeEntry {
  address?: string | string[]
  mtu?: number
  mac?: string
  stp?: boolean
  vlan_filtering?: boolean
  ageing_time?: number
  nat?: boolean
  internal?: boolean
  isolated?: boolean
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
  }
  return { attributes, references: [] }
}
