import { applyPlan } from "../apply/apply.ts"
import { verify } from "../apply/verify.ts"
import { DiagnosticError, error, hasErrors } from "../base/diagnostic.ts"
import type { ApplyResult } from "../model/event.ts"
import type { Plan } from "../model/plan.ts"
import type { Desired } from "../model/resource.ts"
import { fingerprint } from "../plan/digest.ts"
import type { Selection } from "../plan/select.ts"
import { selectChanges } from "../plan/select.ts"
import { completeText, nothingText, unfinishedText } from "../render/outcome.ts"
import { planText } from "../render/plan.ts"
import type { Display } from "../render/progress.ts"
import type { Context } from "./context.ts"
import { report } from "./context.ts"
import { openDisplay } from "./display.ts"
import { EXIT } from "./exit.ts"
import { refuse } from "./intent.ts"
import { lockAndSay } from "./locking.ts"
import type { FailOn, Prepared } from "./planning.ts"
import { forbidden, preparePlan } from "./planning.ts"
import { launchProblems, requireCapabilities } from "./privileges.ts"
import type { Session } from "./session.ts"
import { openSession } from "./session.ts"
import { interruptible } from "./signals.ts"

export interface CarryOutOptions {
  autoApprove: boolean
  json: boolean
  failOn: readonly FailOn[]
  parallelism: number
  lockTimeout: number
}

/** What is to be done, by which word it is told, and of a kept plan how it must come out again. */
export interface Intent {
  desired: Desired
  selection: Selection
  word: "apply" | "destroy"
  fingerprint?: string
}

/** Locks, plans, asks, executes, reads back. Resolves to the exit code. */
export async function carryOut(intent: Intent, options: CarryOutOptions, context: Context): Promise<number> {
  const session = openSession(intent.desired.stack, context)
  requireCapabilities(session.kernel)
  const display = await openDisplay(options.json, context)
  const lock = await lockAndSay(session, options.lockTimeout, context)
  try {
    const prepared = preparePlan(session, intent.desired, intent.selection, context)
    if (intent.fingerprint !== undefined && intent.fingerprint !== fingerprint(prepared.plan)) return stale(context)
    const reason = forbidden(prepared.plan, options.failOn)
    if (reason !== undefined) return refuse(reason, context)
    const lacking = launchProblems(session.kernel, prepared.plan)
    if (lacking.length > 0) throw new DiagnosticError(...lacking)
    display.emit({ type: "plan", plan: prepared.plan })
    if (!prepared.plan.hasChanges) {
      display.emit({ type: "verify", converged: true })
      return nothingToDo(prepared.plan, intent, options, context)
    }
    if (!options.json && intent.fingerprint === undefined) context.out.write(planText(prepared.plan, context.out))
    const refusal = options.autoApprove || intent.fingerprint !== undefined ? undefined : await approve(intent, options, context)
    return refusal ?? (await execute(prepared, { session, intent, options, display, context }))
  } finally {
    lock.release()
  }
}

function nothingToDo(plan: Plan, { word }: Intent, { json }: CarryOutOptions, context: Context): number {
  if (!json) context.out.write(word === "destroy" ? nothingText(plan) : planText(plan, context.out))
  return EXIT.ok
}

function stale(context: Context): number {
  const detail = "the kernel or what the plan rests on has changed since; nothing was done"
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

interface Running {
  session: Session
  intent: Intent
  options: CarryOutOptions
  display: Display
  context: Context
}

async function execute({ plan, snapshot }: Prepared, running: Running): Promise<number> {
  const { session, options, display, context } = running
  const shuffle = shuffleSeed(context)
  const result = await interruptible(
    (text) => display.note(text),
    (signal) =>
      applyPlan(plan, snapshot, session, {
        parallelism: options.parallelism,
        signal,
        emit: (event) => display.emit(event),
        // `performance` would be loaded for this alone, in a millisecond.
        now: () => Number(process.hrtime.bigint()) / 1e6,
        ...(shuffle === undefined ? {} : { shuffle }),
      }),
  )
  await display.end()
  if (result.interrupted || result.failed.length > 0) return unfinished(plan, result, running)
  return readBack(plan, running)
}

function shuffleSeed({ environment }: Context): number | undefined {
  const seed = environment.STACK_SHUFFLE ?? ""
  return /^[0-9]+$/.test(seed) ? Number(seed) : undefined
}

function unfinished(plan: Plan, result: ApplyResult, { intent, context }: Running): number {
  report(
    context,
    result.failed.map(({ step, diagnostic }) => ({ ...diagnostic, address: diagnostic.address ?? step.address })),
  )
  context.err.write(unfinishedText(plan, result, intent.word))
  return result.interrupted ? EXIT.interrupted : EXIT.error
}

/** Observes and plans again: that plan must be empty. */
function readBack(plan: Plan, { session, intent, options, display, context }: Running): number {
  const { plan: after, diagnostics } = verify(plan, session)
  if (hasErrors(diagnostics)) throw new DiagnosticError(...diagnostics)
  const left = selectChanges(after, { ...intent.selection, replace: [] }).changes.filter((change) => change.action !== "no-op")
  display.emit({ type: "verify", converged: left.length === 0 })
  if (left.length > 0) {
    const detail = left.map(({ address, action, cause }) => `${address}: ${action} (${cause})`).join("\n")
    throw new DiagnosticError(
      error("not-converged", `all steps were done, but the kernel still differs in ${left.length} of the stack's resources`, {
        detail,
        hint: "`stack plan` shows each field; a container whose command has failed tells why in `stack logs NAME`",
      }),
    )
  }
  if (!options.json) context.out.write(completeText(plan, intent.word))
  return EXIT.ok
}
