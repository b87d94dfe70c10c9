import { DiagnosticError, hasErrors } from "../base/diagnostic.ts"
import type { Plan } from "../model/plan.ts"
import type { Desired, Snapshot } from "../model/resource.ts"
import { makePlan } from "../plan/plan.ts"
import type { Selection } from "../plan/select.ts"
import { markReplaced, selectChanges } from "../plan/select.ts"
import type { Context } from "./context.ts"
import { report } from "./context.ts"
import { requireWholeReading } from "./privileges.ts"
import type { Session } from "./session.ts"
import { observeStack } from "./session.ts"
import type { FileOptions } from "./stack-file.ts"

export type FailOn = "destroy" | "replace" | "change"

/** What `plan` and `apply` have in common. */
export interface PlanningOptions extends FileOptions, Selection {
  destroy: boolean
  json: boolean
  failOn: readonly FailOn[]
  parallelism: number
  /** Milliseconds. */
  lockTimeout: number
}

/** A plan, and the reading it rests on. */
export interface Prepared {
  plan: Plan
  snapshot: Snapshot
}

/** Observes and plans; tells the plan's warnings, and throws its errors. */
export function preparePlan(session: Session, desired: Desired, selection: Selection, context: Context): Prepared {
  const snapshot = markReplaced(observeStack(session, desired), selection.replace)
  requireWholeReading(snapshot)
  const { plan, diagnostics } = makePlan(desired, snapshot)
  if (hasErrors(diagnostics)) throw new DiagnosticError(...diagnostics)
  report(context, diagnostics)
  return { plan: selectChanges(plan, selection), snapshot }
}

/** The first of the forbidden things that a plan does, in words; undefined: none. */
export function forbidden(plan: Plan, failOn: readonly FailOn[]): string | undefined {
  const does: { [K in FailOn]: readonly string[] } = {
    destroy: plan.changes.filter((c) => c.action === "delete" || c.action === "replace").map((c) => c.address),
    replace: plan.changes.filter((c) => c.action === "replace").map((c) => c.address),
    change: plan.changes.filter((c) => c.action !== "no-op").map((c) => c.address),
  }
  const met = failOn.find((word) => does[word].length > 0)
  if (met === undefined) return undefined
  const verbs: { [K in FailOn]: string } = { destroy: "destroys", replace: "replaces", change: "changes" }
  const [first, ...others] = does[met]
  return `the plan ${verbs[met]} ${first}${others.length === 0 ? "" : ` and ${others.length} more`}`
}
