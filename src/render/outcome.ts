import type { Address } from "../base/address.ts"
import type { ApplyResult } from "../model/event.ts"
import type { Plan } from "../model/plan.ts"
import type { StepId } from "../model/step.ts"
import { stepId } from "../model/step.ts"

/** The last line of an apply that did all of its plan. */
export function completeText({ summary: { add, change, destroy, adopt } }: Plan, word: "apply" | "destroy"): string {
  if (word === "destroy") return `Destroy complete! Resources: ${destroy} destroyed.\n`
  return `Apply complete! Resources: ${adopt === undefined ? "" : `${adopt} adopted, `}${add} added, ${change} changed, ${destroy} destroyed.\n`
}

/** What is said instead where a destroy finds nothing that it may take. */
export function nothingText({ stack, changes }: Plan): string {
  const why = changes.length === 0 ? `the kernel holds nothing of stack ${stack}` : `all of stack ${stack} is left out`
  return `Nothing to destroy: ${why}.\n`
}

/** How many names a person is willing to read. */
const SHOWN = 12

/** What an apply that was interrupted or failed has done, and what is left. `next`: what there is to do about it. */
export function unfinishedText(plan: Plan, { done, failed, interrupted }: ApplyResult, word: "apply" | "destroy", next?: string): string {
  const finished = lasting(plan, new Set(done.map((step) => step.id)))
  const byAddress = new Map<Address, { steps: number; done: number }>()
  for (const { id, address } of plan.steps) {
    const entry = byAddress.get(address) ?? { steps: 0, done: 0 }
    byAddress.set(address, { steps: entry.steps + 1, done: entry.done + (finished.has(id) ? 1 : 0) })
  }
  // A step that failed may have come half way: what it has made is there, marked as the stack's.
  const tried = new Set(failed.map(({ step }) => step.address))
  const all = [...byAddress]
  const whole = all.filter(([, entry]) => entry.done === entry.steps).map(([address]) => address)
  const begun = all.filter(([address, entry]) => entry.done < entry.steps && (entry.done > 0 || tried.has(address)))
  const half = begun.map(([address, entry]) => `${address} (${entry.done} of ${entry.steps})`)
  const none = all.filter(([address, entry]) => entry.done === 0 && !tried.has(address)).map(([address]) => address)
  const title = word === "destroy" ? "Destroy" : "Apply"
  const head = interrupted ? `${title} interrupted.` : `${title} failed: ${failed.length} of ${plan.steps.length} steps.`
  const again =
    whole.length === all.length
      ? `All its steps were done: only the look whether they hold is left, by \`stack ${word}\` again.\n`
      : `Run \`stack ${word}\` again to go on.\n`
  return `${head}\n${row("Done", whole)}${row("Half done", half)}${row("Left", none)}${next ?? again}`
}

/** The steps whose work is still there: a container that was spawned and never started is given up, and its links go with it. */
function lasting({ changes, steps }: Plan, done: ReadonlySet<StepId>): Set<StepId> {
  const unstarted = steps.filter(({ id, op, change }) => change.kind === "container" && op === "start" && !done.has(id))
  const given = new Set(unstarted.map(({ address }) => address).filter((address) => done.has(stepId(address, "spawn"))))
  const links = changes.filter(({ kind, resource }) => kind !== "container" && resource?.references.some((to) => given.has(to.address)))
  const lost = new Set(links.map(({ address }) => address))
  return new Set(steps.filter(({ id, address }) => done.has(id) && !lost.has(address)).map(({ id }) => id))
}

function row(label: string, names: readonly string[]): string {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ""
  return `  ${`${label}:`.padEnd(11)}${names.length === 0 ? "nothing" : names.slice(0, SHOWN).join(", ")}${more}\n`
}
