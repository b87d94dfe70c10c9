import { BRIDGE_DEFAULTS, unusual } from "../../base/bridge-options.ts"
import type { SpeltMap } from "../../model/spelt.ts"
import { oneOrList, unless, withoutAbsent } from "../../model/spelt.ts"
import type { BridgeAttributes } from "./spec.ts"

/** A bridge as a person would write it. `usual`: what it is without any key. */
export function spellBridge(have: BridgeAttributes, usual: BridgeAttributes, nat: boolean): SpeltMap {
  return withoutAbsent({
    interface: unless(usual.interface, have.interface),
    address: oneOrList(have.address),
    mtu: unless(usual.mtu, have.mtu),
    mac: unless(usual.mac, have.mac),
    stp: unless(usual.stp, have.stp),
    vlan_filtering: unless(usual.vlan_filtering, have.vlan_filtering),
    ageing_time: unless(usual.ageing_time, have.ageing_time),
    ...unusual(BRIDGE_DEFAULTS, have),
    nat: unless(false, nat),
  })
}
