import type { Diagnostic } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import type { Change } from "../model/change.ts"
import { destination, movesOf } from "../model/moves.ts"
import type { Plan } from "../model/plan.ts"
import type { Resource } from "../model/resource.ts"

/** The changes that `prevent_destroy` forbids. `wishes`: the file's resources; of a destroy they are not those of the plan. */
export function preventedChanges(plan: Plan, wishes: readonly Resource[]): Change[] {
  const kept = new Set(wishes.filter((resource) => resource.preventDestroy).map((resource) => resource.address))
  const moves = movesOf(plan.desired)
  return plan.changes.filter(
    ({ address, action }) => kept.has(destination(moves, address)) && (action === "delete" || action === "replace"),
  )
}

/** What is told of each of them, where the file says so. */
export function preventedDiagnostics(changes: readonly Change[], wishes: readonly Resource[], { desired }: Plan): Diagnostic[] {
  const moves = movesOf(desired)
  const resources = new Map(wishes.map((resource) => [resource.address, resource]))
  return changes.map(({ address, action, cause }) => {
    const range = resources.get(destination(moves, address))?.range("prevent_destroy")
    return error("prevented", `${address} is not ${action === "delete" ? "destroyed" : "replaced"}: prevent_destroy`, {
      detail: action === "delete" ? "it is left as it is, with all that is part of it" : `it would be replaced: ${cause}`,
      hint: "take `prevent_destroy: true` out of the file if you mean it",
      address,
      ...(range === undefined ? {} : { range }),
    })
  })
}
