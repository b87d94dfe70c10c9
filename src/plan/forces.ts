import type { Address } from "../base/address.ts"
import { kinds } from "../kinds/catalog.ts"
import type { Change } from "../model/change.ts"
import type { Reference, Relations } from "../model/resource.ts"

/**
 * For each address those that cannot stay as they are when its change is made: what goes along in the kernel with what goes, as a part of it or because
 * it lies on it, and what loses a field by it.
 */
export function forces(changes: readonly Change[]): Map<Address, Set<Address>> {
  const byAddress = new Map(changes.map((change) => [change.address, change]))
  const found = new Map<Address, Set<Address>>()
  const add = (from: Address, to: Address) => found.set(from, (found.get(from) ?? new Set()).add(to))
  for (const change of changes) {
    for (const { address, onReplace, onKept } of [...coupled(change), ...wasCoupled(change)]) {
      const other = byAddress.get(address)
      if (other === undefined || other === change || onReplace === "none") continue
      if ((isGoing(other) && !(onKept && other.keeps)) || isUndone(change, other)) add(address, change.address)
    }
    for (const { address, field, touches } of kinds[change.kind].disturbs?.(change) ?? []) {
      const wanted = byAddress.get(address)?.resource?.attributes[field]
      if (wanted !== undefined && touches(wanted)) add(change.address, address)
    }
  }
  return found
}

/** What a change's resource is to hang on; of what is only in the kernel its attributes tell. */
export function relationsOf({ kind, resource, before }: Change): Partial<Relations> {
  return resource ?? (before === null ? {} : (kinds[kind].relations?.(before, []) ?? {}))
}

function coupled(change: Change): Reference[] {
  const { references = [], partOf } = relationsOf(change)
  return [...references, ...(partOf === undefined ? [] : [{ address: partOf, onReplace: "replace", onKept: true } as const])]
}

/** What it hangs on now, as the kernel shows it. */
function wasCoupled({ kind, resource, before }: Change): readonly Reference[] {
  return resource === undefined || before === null ? [] : (kinds[kind].relations?.(before, []).references ?? [])
}

function isGoing({ action }: Change): boolean {
  return action === "delete" || action === "replace"
}

function isUndone(change: Change, other: Change): boolean {
  return other.action === "update" && (kinds[change.kind].undoneBy?.(change, other) ?? []).length > 0
}
