import { applyPlan } from "../apply/apply.ts"
import { objectGuard, STALE } from "../apply/guard.ts"
import { verify } from "../apply/verify.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import { error, hasErrors } from "../base/diagnostic.ts"
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
import { interruptible } from "./signals.ts"

/** What an apply is carried out with. */
export interface Running {
  session: Session
  intent: Intent
  options: CarryOutOptions
  display: Display
  context: Context
}

/** Walks the plan and reads back. Resolves to the exit code. */
export async function execute({ plan, snapshot, selection }: Prepared, running: Running): Promise<number> {
  const { display, intent } = running
  const note = (text: string) => display.note(text)
  const result = await interruptible(note, (signal) => walk(plan, snapshot, signal, running, intent.basis !== undefined))
  await display.end()
  if (result.interrupted || result.failed.length > 0) return unfinished(plan, result, running)
  return readBack(plan, selection, running)
}

/** Every step of the plan that can be done, until the signal. `guarded`: as long as the kernel objects are those of the plan. */
export function walk(plan: Plan, snapshot: Snapshot, signal: AbortSignal, running: Running, guarded = false): Promise<ApplyResult> {
  const { session, options, display, context } = running
  const shuffle = shuffleSeed(context)
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

function unfinished(plan: Plan, result: ApplyResult, { intent, options, context }: Running): number {
  reportFailures(result, context)
  context.err.write(unfinishedText(plan, result, intent.word, options.atomic ? "" : undefined))
  if (result.failed.some(({ diagnostic }) => diagnostic.code === STALE)) return EXIT.refused
  return result.interrupted ? EXIT.interrupted : EXIT.error
}

export function reportFailures({ failed }: ApplyResult, context: Context): void {
  report(
    context,
    failed.map(({ step, diagnostic }) => ({ ...diagnostic, address: diagnostic.address ?? step.address })),
  )
}

/** Observes and plans again: that plan must be empty. */
function readBack(plan: Plan, selection: Selection, running: Running): number {
  const { intent, options, display, context } = running
  const problems = differing(plan, selection, running)
  display.emit({ type: "verify", converged: problems.length === 0 })
  if (problems.length > 0) {
    report(context, problems)
    return EXIT.error
  }
  if (!options.json) context.out.write(completeText(plan, intent.word))
  return EXIT.ok
}

function differing(plan: Plan, selection: Selection, { session }: Running): readonly Diagnostic[] {
  const { plan: after, diagnostics } = verify(plan, session)
  if (hasErrors(diagnostics)) return diagnostics
  const left = selectChanges(after, { ...selection, replace: [] }).changes.filter((change) => change.action !== "no-op")
  if (left.length === 0) return []
  return [
    error("not-converged", `all steps were done, but the kernel still differs in ${left.length} of the stack's resources`, {
      detail: left.map(({ address, action, cause }) => `${address}: ${action} (${cause})`).join("\n"),
      hint: "`stack plan` shows each field; a container whose command has failed tells why in `stack logs NAME`",
    }),
  ]
}
