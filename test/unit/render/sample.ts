import type { Change } from "../../../src/model/change.ts"
import type { Plan } from "../../../src/model/plan.ts"
import type { KindName } from "../../../src/model/resource.ts"
import type { Step } from "../../../src/model/step.ts"
import { stepId } from "../../../src/model/step.ts"
import { summarise } from "../../../src/plan/plan.ts"

/** A change with what a test says of it, and the plainest rest. */
export function change(address: string, rest: Partial<Change>): Change {
  const dot = address.indexOf(".")
  return {
    address,
    kind: address.slice(0, dot) as KindName,
    name: address.slice(dot + 1),
    action: "create",
    cause: "not there",
    fields: [],
    drift: false,
    before: null,
    after: null,
    ...rest,
  }
}

export function step(of: Change, op: string, after: readonly string[] = []): Step {
  return { id: stepId(of.address, op), op, address: of.address, cause: of.cause, after, change: of }
}

export function planOf(changes: readonly Change[], steps: readonly Step[] = []): Plan {
  const hasChanges = changes.some(({ action }) => action !== "no-op")
  const resources = changes.map(({ kind, address, name }) => ({
    kind,
    address,
    name,
    attributes: {},
    references: [],
    range: () => undefined,
  }))
  return { stack: "lab", changes, steps, summary: summarise(changes), hasChanges, desired: { stack: "lab", resources } }
}
