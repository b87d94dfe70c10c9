import type { Address } from "../base/address.ts"
import { kinds } from "../kinds/catalog.ts"
import type { Change } from "../model/change.ts"
import type { Plan } from "../model/plan.ts"
import type { Attributes, Desired, Observed, Resource, Snapshot } from "../model/resource.ts"
import { restrictTo } from "./select.ts"
import { sameValue } from "./values.ts"

/**
 * What was there before a run, as a wish: each resource with the attributes it was found with. What was half-made then cannot be
 * wished for. `now`: a container that has ended and was not touched stays as it is; one that was replaced is to run again.
 */
export function wishOf(before: Snapshot, stack: string, now: Snapshot): Desired {
  const whole = [...before.resources.values()].filter((observed) => observed.incomplete === undefined)
  return { stack, resources: whole.map((observed) => asResource(observed, now.resources.get(observed.address))) }
}

function asResource(observed: Observed, now: Observed | undefined): Resource {
  const { kind, address, name } = observed
  const attributes = stateToWish(observed, now)
  const relations = kinds[kind].relations?.(attributes) ?? { references: [] }
  return { kind, address, name, attributes, ...relations, range: () => undefined }
}

function stateToWish({ attributes, live }: Observed, now: Observed | undefined): Attributes {
  if (attributes.state === undefined || sameValue(live.monitor, now?.live.monitor)) return attributes
  return { ...attributes, state: "running" }
}

/** Of the plan back to what was, only what the run had to do with: what others changed meanwhile is not its to undo. */
export function undoing(back: Plan, done: Plan): Plan {
  const touched = new Set<Address>(done.changes.filter(isDone).map((change) => change.address))
  return restrictTo(back, touched, "not of this run")
}

function isDone({ action }: Change): boolean {
  return action !== "no-op"
}
