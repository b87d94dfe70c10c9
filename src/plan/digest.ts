import type { Address } from "../base/address.ts"
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

/** The same of each change alone: to tell which one is another now. */
export function changeDigests(plan: Plan): { [address: Address]: string } {
  return Object.fromEntries(plan.changes.map((change) => [change.address, hash64(canonicalJson(wishValue(change)))]))
}

function byAddress(a: Change, b: Change): number {
  return a.address < b.address ? -1 : a.address > b.address ? 1 : 0
}

function changeValue(change: Change): Value {
  return { ...wishValue(change), live: change.observed === undefined ? null : identityOf(change.observed) }
}

function wishValue({ address, action, before, after }: Change): { [key: string]: Value } {
  return { address, action, before, after }
}

function stepText({ id, after }: Step): string {
  return `${id} <- ${[...after].sort().join(" ")}`
}

/** Of what is live, what tells an object from the next one of its name. Its momentary state does not. */
const TELLING = ["ifindex", "inside", "monitor", "init", "path", "inode"]

/** What tells an object from the next one of its name. */
export function identityOf({ live }: Pick<Observed, "live">): { readonly [key: string]: Value } {
  const kept = TELLING.filter((key) => live[key] !== undefined)
  const ends = (Array.isArray(live.ends) ? (live.ends as Value[]) : []).map((end) => member(end, "ifindex") ?? null)
  return { ...Object.fromEntries(kept.map((key) => [key, live[key] as Value])), ...(keysOf(live.ends).length === 0 ? {} : { ends }) }
}
