import type { Address } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import { DiagnosticError, hasErrors } from "../base/diagnostic.ts"
import type { Plan } from "../model/plan.ts"
import type { Desired, Resource, Snapshot } from "../model/resource.ts"
import { occupants } from "../observe/occupants.ts"
import type { Begun } from "../observe/scope.ts"
import { occupiedChanges, occupiedDiagnostics, removes } from "../plan/occupied.ts"
import { makePlan } from "../plan/plan.ts"
import { preventedChanges, preventedDiagnostics } from "../plan/prevented.ts"
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
  /** With `destroy`: volumes, which are kept else. */
  volumes?: boolean
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
  /** What the plan was cut to: what was asked for, less what `prevent_destroy` and what others have put into things keep. */
  selection: Selection
  /** What they keep. */
  prevented: readonly Diagnostic[]
}

/** What is wanted, of which part, and what the file says of resources that may be no more wanted. */
export interface Wish {
  desired: Desired
  selection: Selection
  declared: readonly Resource[]
}

/**
 * The wish with its images looked at: which ones they are, and what they say of themselves; tells warnings. Nothing is loaded where it has none.
 * Throws a DiagnosticError with all that is wrong with any, and with what a plan would find wrong besides.
 */
export async function withImages<W extends Wish>(session: Session, wish: W, context?: Context): Promise<W> {
  if (!needsImages(wish)) return wish
  const { settleImages } = await import("../image/settle.ts")
  const { desired, told, problems } = await settleImages(session.kernel, wish.desired, session.environment)
  if (problems.length > 0) {
    const { inOrder } = await import("../stackfile/load.ts")
    throw new DiagnosticError(...inOrder([...problems, ...problemsBeside(session, desired)], context?.sources ?? new Map()))
  }
  if (context !== undefined) report(context, told)
  return { ...wish, desired }
}

export function needsImages({ desired }: Pick<Wish, "desired">): boolean {
  return desired.resources.some(({ kind }) => kind === "image")
}

/** What a plan finds wrong of what has no image, or one that is known. */
function problemsBeside(session: Session, desired: Desired): readonly Diagnostic[] {
  try {
    return makePlan(desired, observeStack(session, desired)).diagnostics.filter(({ severity }) => severity === "error")
  } catch (failure) {
    if (failure instanceof DiagnosticError) return failure.diagnostics
    throw failure
  }
}

/** Observes and plans; tells the plan's warnings, and throws its errors. `begun`: what has been read already. */
export function preparePlan(session: Session, { desired, selection, declared }: Wish, context: Context, begun?: Begun): Prepared {
  const snapshot = markReplaced(observeStack(session, desired, begun), selection.replace, desired)
  requireWholeReading(snapshot)
  const { plan, diagnostics } = makePlan(desired, snapshot)
  if (hasErrors(diagnostics)) throw new DiagnosticError(...diagnostics)
  report(context, diagnostics)
  const selected = selectChanges(plan, selection)
  const forbidden = preventedChanges(selected, declared)
  const { entered, diagnostics: occupied } = enteredByOthers(session, selected, snapshot)
  const kept = { ...selection, exclude: [...selection.exclude, ...forbidden.map((change) => change.address), ...entered] }
  const prevented = [...preventedDiagnostics(forbidden, declared, plan), ...occupied]
  return { plan: selectChanges(plan, kept), snapshot, selection: kept, prevented }
}

/** Of what a plan takes away that into which others have put something, and what is told of it. */
export function enteredByOthers({ kernel, cgroups }: Session, { changes }: Plan, snapshot: Snapshot): Entered {
  const occupied = occupants(kernel, cgroups, changes.filter(removes), snapshot)
  const entered = occupiedChanges(changes, occupied)
  return { entered: entered.map(({ address }) => address), diagnostics: occupiedDiagnostics(entered, occupied) }
}

interface Entered {
  entered: readonly Address[]
  diagnostics: readonly Diagnostic[]
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
