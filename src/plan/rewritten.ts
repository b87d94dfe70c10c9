import type { Address } from "../base/address.ts"
import { kinds } from "../kinds/catalog.ts"
import type { ContainerAttributes } from "../kinds/container/spec.ts"
import type { Attributes, Desired, Observed, Resource, Snapshot } from "../model/resource.ts"
import { settle } from "./settle.ts"

type Maps = Pick<ContainerAttributes, "uid_map" | "gid_map">

/**
 * A wish for what is live, for who has lost the file: to be observed with, as some things are only read back where a wish says how it spells
 * them. What the last apply wanted is the best there is. `sizeOf`: of how many ids an automatic map would be, where it may have been one.
 */
export function wishForLive(live: Snapshot, stack: string, sizeOf: (maps: Maps) => number | undefined): Desired {
  const told = [...live.resources.values()].filter(({ kind, attributes }) => kind !== "container" || attributes.argv !== undefined)
  return { stack, resources: told.map((observed) => asResource(observed, told, sizeOf)) }
}

function asResource(observed: Observed, all: readonly Observed[], sizeOf: (maps: Maps) => number | undefined): Resource {
  const { kind, address, name, applied } = observed
  const attributes = { ...observed.attributes, ...applied }
  const relations = kinds[kind].relations?.(attributes, all) ?? { references: [] }
  return {
    kind,
    address,
    name,
    attributes: kind === "container" ? automatic(attributes, sizeOf) : attributes,
    ...relations,
    range: () => undefined,
  }
}

function automatic(attributes: Attributes, sizeOf: (maps: Maps) => number | undefined): Attributes {
  const size = sizeOf(attributes as unknown as Maps)
  return size === undefined ? attributes : { ...attributes, uid_map: { auto: size }, gid_map: { auto: size } }
}

/** The id maps that the planner would choose for a wish if nothing of it were there yet. */
export function mapsChosenAfresh(wish: Desired, { host }: Pick<Snapshot, "host">): Map<Address, Maps> {
  const containers = wish.resources.filter(({ kind, attributes }) => kind === "container" && !Array.isArray(attributes.uid_map))
  const { desired } = settle({ ...wish, resources: containers }, { resources: new Map(), foreign: [], host })
  const chosen = desired.resources.filter(({ attributes }) => Array.isArray(attributes.uid_map) && Array.isArray(attributes.gid_map))
  return new Map(chosen.map(({ address, attributes }) => [address, attributes as unknown as Maps]))
}
