import type { Address } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import type { Change } from "../model/change.ts"
import type { Occupied } from "../model/resource.ts"

/** Whether a change takes away what is there. */
export function removes({ action }: Change): boolean {
  return action === "delete" || action === "replace"
}

/** The changes that would take something from under what others have put into it. */
export function occupiedChanges(changes: readonly Change[], occupied: ReadonlyMap<Address, Occupied>): Change[] {
  return changes.filter((change) => removes(change) && occupied.has(change.address))
}

/** What is told of each of them. */
export function occupiedDiagnostics(changes: readonly Change[], occupied: ReadonlyMap<Address, Occupied>): Diagnostic[] {
  return changes.map(({ address, action, resource }) => {
    const { by, hint } = occupied.get(address) as Occupied
    const range = resource?.range()
    return error("occupied", `${address} is not ${action === "delete" ? "destroyed" : "replaced"}: ${by[0]}`, {
      detail: [...by.slice(1), "what others made is never changed, so it is left as it is, with all that hangs on it"].join("\n"),
      hint,
      address,
      ...(range === undefined ? {} : { range }),
    })
  })
}
