import type { Address } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import type { Action, Change } from "../model/change.ts"
import type { Occupied } from "../model/resource.ts"

/** Whether a change takes away what is there. */
export function removes(change: Change): boolean {
  return change.action === "delete" || change.action === "replace" || clearsGroup(change)
}

/** A container that is started again ends what is left in its group, where that has not gone with a pid namespace of its own. */
function clearsGroup({ action, fields, before }: Change): boolean {
  const { pid } = (before?.namespaces ?? {}) as { pid?: string }
  return action === "update" && pid !== "new" && fields.some(({ path }) => path === "state")
}

const UNDONE: { readonly [A in Action]?: string } = { delete: "destroyed", replace: "replaced", update: "started again" }

/** The changes that would take something from under what others have put into it. */
export function occupiedChanges(changes: readonly Change[], occupied: ReadonlyMap<Address, Occupied>): Change[] {
  return changes.filter((change) => removes(change) && occupied.has(change.address))
}

/** What is told of each of them. */
export function occupiedDiagnostics(changes: readonly Change[], occupied: ReadonlyMap<Address, Occupied>): Diagnostic[] {
  return changes.map(({ address, action, resource }) => {
    const { by, hint } = occupied.get(address) as Occupied
    const range = resource?.range()
    return error("occupied", `${address} is not ${UNDONE[action]}: ${by[0]}`, {
      detail: [...by.slice(1), "what others made is never changed, so it is left as it is, with all that hangs on it"].join("\n"),
      hint,
      address,
      ...(range === undefined ? {} : { range }),
    })
  })
}
