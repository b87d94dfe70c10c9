import { hash64 } from "../base/hash.ts"
import type { Change } from "../model/change.ts"
import type { Plan } from "../model/plan.ts"
import type { Observed, Value } from "../model/resource.ts"
import type { Step } from "../model/step.ts"
import { canonicalJson, keysOf, member } from "./values.ts"

/**
 * What a saved plan is known by: its changes, its steps and the identities of the kernel objects it was made for (pid and
 * start time, ifindex). Another fingerprint means the plan is stale. The order of the file says nothing.
 */
export function fingerprint(plan: Plan): string {
  const changes = [...plan.changes].sort(byAddress).map(changeValue)
  const steps = plan.steps.map(stepText).sort()
  return hash64(canonicalJson({ stack: plan.stack, changes, steps }))
}

function byAddress(a: Change, b: Change): number {
  return a.address < b.address ? -1 : a.address > b.address ? 1 : 0
}

function changeValue({ address, action, before, after, observed }: Change): Value {
  return { address, action, before, after, live: observed === undefined ? null : identity(observed) }
}

function stepText({ id, after }: Step): string {
  return `${id} <- ${[...after].sort().join(" ")}`
}

/** What tells an object from the next one of its name. Its momentary state does not. */
function identity({ live }: Observed): Value {
  const kept = ["ifindex", "inside", "monitor", "init", "path"].filter((key) => live[key] !== undefined)
  const ends = (Array.isArray(live.ends) ? (live.ends as Value[]) : []).map((end) => member(end, "ifindex") ?? null)
  return { ...Object.fromEntries(kept.map((key) => [key, live[key] as Value])), ...(keysOf(live.ends).length === 0 ? {} : { ends }) }
}
