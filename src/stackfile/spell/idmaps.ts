import type { Address } from "../../base/address.ts"
import type { ContainerAttributes, IdRange } from "../../kinds/container/spec.ts"
import { spellIdmap } from "../../kinds/idmap/spell.ts"
import type { Observed } from "../../model/resource.ts"
import type { Spelt, SpeltMap } from "../../model/spelt.ts"

type Maps = Pick<ContainerAttributes, "uid_map" | "gid_map">

/** What the planner would choose for the containers whose maps may have been its own choice, by address. */
export type UsualMaps = ReadonlyMap<Address, Maps>

/** How many ids an automatic range of a container would have; undefined where its maps cannot be automatic. */
export function automaticSize({ uid_map, gid_map }: Maps): number | undefined {
  if (!Array.isArray(uid_map) || !Array.isArray(gid_map) || uid_map.length !== 1 || gid_map.length !== 1) return undefined
  const [uid, gid] = [uid_map[0] as IdRange, gid_map[0] as IdRange]
  return uid.container === 0 && gid.container === 0 && uid.count === gid.count ? uid.count : undefined
}

const USUAL_SIZE = 65_536

/** `idmaps:` for maps that several containers have, who share ids on purpose, and what each container says. */
export function spellIdmaps(containers: readonly Observed[], usual: UsualMaps): { section: SpeltMap; of: ReadonlyMap<Address, Spelt> } {
  const groups = new Map<string, Observed[]>()
  for (const one of containers) {
    const { uid_map, gid_map } = mapsOf(one)
    if (!Array.isArray(uid_map) || uid_map.length === 0) continue
    const key = JSON.stringify([uid_map, gid_map])
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  const several = [...groups.values()].filter((members) => members.length > 1).length > 1
  const section: { [name: string]: Spelt } = {}
  const of = new Map<Address, Spelt>()
  for (const members of groups.values()) {
    const [first] = members as [Observed]
    const maps = mapsOf(first)
    if (members.length === 1) {
      const own = spellOwn(first.address, maps, usual)
      if (own !== undefined) of.set(first.address, own)
      continue
    }
    const name = several ? first.name.replace(/\[\d+\]$/, "") : "shared"
    section[name] = spellIdmap(maps.uid_map as IdRange[], maps.gid_map as IdRange[])
    for (const { address } of members) of.set(address, name)
  }
  return { section, of }
}

function mapsOf({ attributes }: Observed): Maps {
  return attributes as unknown as Maps
}

/** What the planner would choose again for a stack of that name need not be said. */
function spellOwn(address: Address, maps: Maps, usual: UsualMaps): Spelt | undefined {
  const chosen = usual.get(address)
  const size = automaticSize(maps)
  const same = chosen !== undefined && JSON.stringify([chosen.uid_map, chosen.gid_map]) === JSON.stringify([maps.uid_map, maps.gid_map])
  if (same) return size === USUAL_SIZE || size === undefined ? undefined : { size }
  return spellIdmap(maps.uid_map as IdRange[], maps.gid_map as IdRange[])
}
