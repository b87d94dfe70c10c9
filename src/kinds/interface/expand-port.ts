import type { PortOptions } from "../../base/bridge-options.ts"
import { BRIDGE_DEFAULTS } from "../../base/bridge-options.ts"
import { formatVlans, LAST_VLAN, parseVlan } from "../../base/vlans.ts"
import type { Entry, KnownBridge } from "../../model/entry.ts"
import type { ImpairEntry } from "../link/expand-impair.ts"
import { items } from "../link/expand-link.ts"

/** The bridge's port as the file writes it. */
export interface PortEntry extends PortOptions {
  mac?: string
  impair?: ImpairEntry
}

/** What of an interface says in which VLANs it is. */
export interface VlanEntry {
  vlan?: number | object
  trunk?: number | string | (number | string)[]
}

/** The VLANs of a port, canonical; undefined where its bridge looks at none. Of a mistaken bridge nothing is known. */
export function expandVlans(value: VlanEntry, entry: Entry, bridge: KnownBridge | undefined): string[] | undefined {
  const members = new Map<number, { pvid: boolean; untagged: boolean }>()
  const access = typeof value.vlan === "number" ? value.vlan : undefined
  if (access !== undefined) members.set(access, { pvid: true, untagged: true })
  for (const { path, value: written } of items(["trunk"], value.trunk)) {
    const range = typeof written === "string" && written.includes(" ") ? undefined : parseVlan(String(written))
    if (range === undefined) {
      entry.report(path, "bad-vlan", `\`${written}\` is no VLAN`, {
        hint: `write a number from 1 to ${LAST_VLAN}, or a range such as 30-40`,
      })
      continue
    }
    const twice = access !== undefined && range.from <= access && access <= range.to
    if (twice)
      entry.report(path, "bad-vlan", `VLAN ${access} is this interface's \`vlan\`, whose frames have no tag`, {
        hint: "take it out of one of the two",
      })
    for (let id = range.from; id <= range.to; id++) if (id !== access) members.set(id, { pvid: false, untagged: false })
  }
  if (bridge === undefined) return undefined
  const says = (["vlan", "trunk"] as const).find((key) => value[key] !== undefined)
  if (!bridge.vlan_filtering) {
    if (says !== undefined)
      entry.report([says], "no-vlan-filtering", `bridge.${entryBridge(bridge)} looks at no VLAN tags`, {
        hint: "write `vlan_filtering: true` at the bridge, or take it out",
      })
    return undefined
  }
  return says === undefined ? usualVlans(bridge) : formatVlans(members)
}

function entryBridge({ alias }: KnownBridge): string {
  return alias.slice(alias.indexOf("/bridge.") + "/bridge.".length)
}

/** As the kernel puts a new port into them. */
export function usualVlans({ vlan_default_pvid }: { vlan_default_pvid?: number }): string[] {
  const id = vlan_default_pvid ?? BRIDGE_DEFAULTS.vlan_default_pvid
  return id === 0 ? [] : [`${id} pvid untagged`]
}
