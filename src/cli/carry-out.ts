import { rememberApplied } from "../apply/applied.ts"
import { restarted } from "../apply/restarted.ts"
import { unhealthy } from "../apply/unhealthy.ts"
import { DiagnosticError, error } from "../base/diagnostic.ts"
import type { Plan } from "../model/plan.ts"
import type { Basis } from "../plan/stale.ts"
import { staleness } from "../plan/stale.ts"
import { nothingText } from "../render/outcome.ts"
import { planText } from "../render/plan.ts"
import type { LockedAhead } from "./ahead.ts"
import { besideOf, lockAhead } from "./ahead.ts"
import type { Context } from "./context.ts"
import { mannerOf, report } from "./context.ts"
import { openDisplay } from "./display.ts"
import type { Running } from "./execute.ts"
import { execute } from "./execute.ts"
import { EXIT, UsageError } from "./exit.ts"
import { reserveIds } from "./fresh-ids.ts"
import { desiredOf, refuse } from "./intent.ts"
import { lockAndSay } from "./locking.ts"
import type { FailOn, PlanningOptions, Prepared, Wish } from "./planning.ts"
import { forbidden, needsImages, preparePlan, withImages } from "./planning.ts"
import { launchProblems, requireCapabilities } from "./privileges.ts"
import { openSession } from "./session.ts"
import { heedful, throughHangups } from "./signals.ts"

export interface CarryOutOptions {
  autoApprove: boolean
  json: boolean
  failOn: readonly FailOn[]
  parallelism: number
  lockTimeout: number
  /** What fails is undone, as if nothing had been begun. */
  atomic: boolean
  /** Milliseconds in which `stack confirm` must come, or all is undone. */
  confirm?: number
}

/** What is to be done, by which word it is told, and of a kept plan how it must come out again. */
export interface Intent extends Wish {
  word: "apply" | "destroy"
  basis?: Basis
}

/** What is wanted, with the stack locked and being read already where that could be. */
export function lockedWhileLoading(
  options: PlanningOptions,
  context: Context,
): { wish: Omit<Wish, "selection">; ahead: LockedAhead | undefined } {
  const beside = besideOf((stack) => lockAhead(stack, context))
  let wish: Omit<Wish, "selection"> | undefined
  try {
    wish = desiredOf(options, context, beside)
  } finally {
    // To look for images may take long: nobody is to wait for that.
    if (wish === undefined || needsImages(wish)) beside.ahead()?.lock?.release()
  }
  return { wish, ahead: needsImages(wish) ? undefined : beside.ahead() }
}

/** Locks, plans, asks, executes, reads back. `ahead`: what of that is done already. Resolves to the exit code. */
export async function carryOut(written: Intent, options: CarryOutOptions, context: Context, ahead?: LockedAhead): Promise<number> {
  let lock = ahead?.lock
  try {
    if (written.desired.allVolumes && (options.atomic || options.confirm !== undefined))
      throw new UsageError("what was in a volume cannot be brought back: --volumes goes neither with --atomic nor with --confirm")
    const session = ahead?.session ?? openSession(written.desired.stack, context)
    requireCapabilities(session.kernel)
    const intent = await withImages(session, written, context)
    const display = await openDisplay(options.json, context)
    lock ??= await lockAndSay(session, options.lockTimeout, context)
    const prepared = preparePlan(session, intent, context, ahead?.begun())
    return await agreed(prepared, { session, intent, options, display, context })
  } finally {
    lock?.release()
  }
}

/** Executes what nothing speaks against, if somebody or nobody is to be asked. */
async function agreed(prepared: Prepared, running: Running): Promise<number> {
  const { session, intent, options, display, context } = running
  const { plan, snapshot } = prepared
  const reasons = staleReasons(intent, prepared)
  if (reasons.length > 0) return stale(reasons, context)
  const reason = forbidden(plan, options.failOn)
  if (reason !== undefined) return refuse(reason, context)
  const lacking = launchProblems(session.kernel, plan)
  if (lacking.length > 0) throw new DiagnosticError(...lacking)
  display.emit({ type: "plan", plan })
  if (!plan.hasChanges) {
    display.emit({ type: "verify", converged: true })
    rememberApplied(session.kernel, plan, snapshot, { failed: [], skipped: [] })
    return prevented(prepared, nothingToDo(plan, intent, options, context), context)
  }
  if (!options.json && intent.basis === undefined) context.out.write(planText(plan, mannerOf(context.out)))
  const refusal = options.autoApprove || intent.basis !== undefined ? undefined : await approve(intent, options, context)
  return refusal ?? (await reserved(prepared, running))
}

async function reserved(planned: Prepared, running: Running): Promise<number> {
  const { session, intent, context } = running
  const { prepared, display, release } = await reserveIds(planned, intent, session, running.display, context)
  try {
    const reasons = prepared === planned ? [] : staleReasons(intent, prepared)
    if (reasons.length > 0) return stale(reasons, context)
    return prevented(prepared, await executeOrUndo(prepared, { ...running, display }), context)
  } finally {
    release()
  }
}

/** What `prevent_destroy` kept is told at the end, and makes a success a refusal. */
function prevented({ prevented: kept }: Prepared, code: number, context: Context): number {
  report(context, kept)
  return code === EXIT.ok && kept.length > 0 ? EXIT.refused : code
}

/** What was interrupted nobody will confirm any more; what is to be confirmed may cut off the terminal that it is done from, and goes on. */
function executeOrUndo(prepared: Prepared, running: Running): Promise<number> {
  const { confirm } = running.options
  return confirm === undefined ? executed(prepared, running) : throughHangups(() => executed(prepared, running))
}

function executed(prepared: Prepared, running: Running): Promise<number> {
  const { atomic, confirm } = running.options
  return heedful(async (asked) => {
    const code = await execute(prepared, running, asked)
    if (code === EXIT.ok && confirm !== undefined)
      return (await import("./confirmation.ts")).untilConfirmed(prepared, running, confirm, asked)
    const isUndone = atomic || (confirm !== undefined && asked.signal.aborted)
    return code !== EXIT.ok && isUndone ? (await import("./undo.ts")).undo(prepared, running, code, asked) : code
  })
}

function nothingToDo(plan: Plan, { word }: Intent, { json }: CarryOutOptions, context: Context): number {
  report(context, [...unhealthy(plan), ...restarted(plan)])
  if (!json) context.out.write(word === "destroy" ? nothingText(plan) : planText(plan, mannerOf(context.out)))
  return EXIT.ok
}

/** Of a kept plan; none where it comes out as it was. */
function staleReasons({ basis }: Intent, { plan, snapshot }: Prepared): string[] {
  return basis === undefined ? [] : staleness(basis, plan, snapshot)
}

/** Each reason names a thing; nothing was done. */
function stale(reasons: readonly string[], context: Context): number {
  const detail = [...reasons, "nothing was done"].join("\n")
  report(context, [error("stale-plan", "the plan is stale", { detail, hint: "make a new one with `stack plan --out FILE`" })])
  return EXIT.refused
}

/** An exit code where the answer is not yes. */
async function approve({ word, desired }: Intent, { json }: CarryOutOptions, context: Context): Promise<number | undefined> {
  if (json) throw new DiagnosticError(error("nobody-to-ask", "with --json nobody is asked", { hint: "add -y (--auto-approve)" }))
  const { ask } = await import("./ask.ts")
  const question = word === "destroy" ? `Destroy all of this, in stack ${desired.stack}?` : `Do this, in stack ${desired.stack}?`
  const answer = await ask(question, context)
  if (answer === "yes") return undefined
  context.err.write("Nothing was changed.\n")
  return answer === "interrupted" ? EXIT.interrupted : EXIT.error
}
