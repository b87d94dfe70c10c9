import { applyPlan } from "../apply/apply.ts"
import { objectGuard, STALE } from "../apply/guard.ts"
import { restarted } from "../apply/restarted.ts"
import { notConverged } from "../apply/unconverged.ts"
import { unhealthy } from "../apply/unhealthy.ts"
import { unheard } from "../apply/unheard.ts"
import { verify } from "../apply/verify.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import { hasErrors } from "../base/diagnostic.ts"
import type { ApplyResult } from "../model/event.ts"
import type { Plan } from "../model/plan.ts"
import type { Snapshot } from "../model/resource.ts"
import type { Selection } from "../plan/select.ts"
import { selectChanges } from "../plan/select.ts"
import { completeText, unfinishedText } from "../render/outcome.ts"
import type { Display } from "../render/progress.ts"
import type { CarryOutOptions, Intent } from "./carry-out.ts"
import type { Context } from "./context.ts"
import { report } from "./context.ts"
import { EXIT } from "./exit.ts"
import type { Prepared } from "./planning.ts"
import type { Session } from "./session.ts"
import type { Asked } from "./signals.ts"

/** What an apply is carried out with. */
export interface Running {
  session: Session
  intent: Intent
  options: CarryOutOptions
  display: Display
  context: Context
}

/** Walks the plan and reads back. Resolves to the exit code. Who asks for an end before the last word is told that it was interrupted. */
export async function execute({ plan, snapshot, selection }: Prepared, running: Running, asked: Asked): Promise<number> {
  const { display, intent } = running
  asked.answerWith((again) =>
    display.note(again ? "Still ending the running steps." : "Interrupted: ending the running steps, starting no others."),
  )
  const result = await walk(plan, snapshot, asked.signal, running, intent.basis !== undefined)
  asked.answerWith(() => undefined)
  await display.end()
  if (result.interrupted || result.failed.length > 0) return unfinished(plan, result, running, await asked.code())
  const problems = differing(plan, result, selection, running)
  const code = await asked.code()
  if (problems.length === 0 && code !== undefined) {
    display.emit({ type: "interrupted" })
    return unfinished(plan, { ...result, interrupted: true }, running, code)
  }
  return lastWord(plan, problems, running)
}

/** Every step of the plan that can be done, until the signal. `guarded`: as long as the kernel objects are those of the plan. */
export function walk(plan: Plan, snapshot: Snapshot, signal: AbortSignal, running: Running, guarded = false): Promise<ApplyResult> {
  const { session, options, display, context } = running
  const shuffle = shuffleSeed(context)
  report(context, unheard(plan, session.kernel, session.cgroups))
  return applyPlan(plan, snapshot, session, {
    parallelism: options.parallelism,
    signal,
    emit: (event) => display.emit(event),
    // `performance` would be loaded for this alone, in a millisecond.
    now: () => Number(process.hrtime.bigint()) / 1e6,
    ...(shuffle === undefined ? {} : { shuffle }),
    ...(guarded && { guard: objectGuard(session.kernel) }),
  })
}

function shuffleSeed({ environment }: Context): number | undefined {
  const seed = environment.STACK_SHUFFLE ?? ""
  return /^[0-9]+$/.test(seed) ? Number(seed) : undefined
}

/** `code`: of being interrupted. */
function unfinished(plan: Plan, result: ApplyResult, { intent, options, context }: Running, code: number = EXIT.interrupted): number {
  reportFailures(result, context)
  context.err.write(unfinishedText(plan, result, intent.word, options.atomic ? "" : undefined))
  if (result.failed.some(({ diagnostic }) => diagnostic.code === STALE)) return EXIT.refused
  return result.interrupted ? code : EXIT.error
}

export function reportFailures({ failed }: ApplyResult, context: Context): void {
  report(
    context,
    failed.map(({ step, diagnostic }) => ({ ...diagnostic, address: diagnostic.address ?? step.address })),
  )
}

function lastWord(plan: Plan, problems: readonly Diagnostic[], { intent, options, display, context }: Running): number {
  display.emit({ type: "verify", converged: problems.length === 0 })
  if (problems.length > 0) {
    report(context, problems)
    return EXIT.error
  }
  if (!options.json) context.out.write(completeText(plan, intent.word))
  return EXIT.ok
}

/** Observes and plans again: that plan must be empty. */
function differing(plan: Plan, { done }: ApplyResult, selection: Selection, { session, context }: Running): readonly Diagnostic[] {
  const { plan: after, diagnostics } = verify(plan, session)
  if (hasErrors(diagnostics)) return diagnostics
  report(context, [...unhealthy(after), ...restarted(after, done)])
  const left = selectChanges(after, { ...selection, replace: [] }).changes.filter((change) => change.action !== "no-op")
  if (left.length === 0) return []
  return [notConverged(left, session)]
}
