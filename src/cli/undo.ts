import { restoreApplied } from "../apply/applied.ts"
import type { Address } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import { error, hasErrors } from "../base/diagnostic.ts"
import type { Plan } from "../model/plan.ts"
import type { Snapshot } from "../model/resource.ts"
import { makePlan } from "../plan/plan.ts"
import { EVERYTHING, selectChanges } from "../plan/select.ts"
import { undoing, wishOf } from "../plan/undo.ts"
import { report } from "./context.ts"
import { openDisplay } from "./display.ts"
import type { Running } from "./execute.ts"
import { reportFailures, walk } from "./execute.ts"
import { EXIT } from "./exit.ts"
import type { Prepared } from "./planning.ts"
import { enteredByOthers } from "./planning.ts"
import { observeStack } from "./session.ts"
import type { Asked } from "./signals.ts"
import { throughHangups } from "./signals.ts"
import { withVariables } from "./stack-file.ts"

/**
 * Brings back what was there before the run: what it found then is planned for as if a file had asked for it, and applied; a signal is
 * answered with a word. Resolves to `code` where that is done, else to the code of an error, told.
 */
export function undo(prepared: Prepared, running: Running, code: number, asked: Asked): Promise<number> {
  return throughHangups(() => goBack(prepared, running, code, asked))
}

async function goBack({ plan, snapshot }: Prepared, running: Running, code: number, asked: Asked): Promise<number> {
  const { options, context } = running
  const display = await openDisplay(options.json, context)
  display.note("Undoing what was done.")
  asked.answerWith(() => display.note("This goes on to its end."))
  const first = wayBack(plan, snapshot, running)
  if (hasErrors(first.diagnostics)) return failed(first.diagnostics, running)
  display.emit({ type: "plan", plan: first.back })
  const go = async ({ back, now }: WayBack) => {
    const result = await walk(back, now, new AbortController().signal, { ...running, display })
    return { result, rest: result.failed.length > 0 ? undefined : wayBack(plan, snapshot, running) }
  }
  const once = await go(first)
  // What was made anew has brought along what somebody had taken away from it: routes that the kernel makes with addresses.
  const isMore = once.rest !== undefined && once.rest.left.length > 0 && !hasErrors(once.rest.diagnostics)
  const { result, rest } = once.rest !== undefined && isMore ? await go(once.rest) : once
  await display.end()
  reportFailures(result, context)
  if (rest === undefined) return failed([...first.occupied, ...stillDiffering([])], running)
  restoreApplied(
    running.session.kernel,
    plan.stack,
    snapshot,
    rest.left.map(({ address }) => address),
  )
  if (rest.left.length > 0) return failed([...first.occupied, ...stillDiffering(rest.left)], running)
  context.err.write("Undone: all is as it was before.\n")
  return code
}

interface WayBack {
  /** What can be done of `left`. */
  back: Plan
  now: Snapshot
  /** What still differs from what was. */
  left: Plan["changes"]
  diagnostics: readonly Diagnostic[]
  /** What stays, as others have put something into it meanwhile. */
  occupied: readonly Diagnostic[]
}

/** The plan from what is there now to what was, restricted to what the run had to do with. */
function wayBack(done: Plan, before: Snapshot, { session, context }: Running): WayBack {
  const wish = (now: Snapshot) => withVariables(wishOf(before, done.stack, now), context)
  const now = observeStack(session, { ...wish(before), ...(madeVolumes(done) ? { allVolumes: true } : {}) })
  const { plan, diagnostics } = makePlan(wish(now), now)
  const whole = undoing(plan, done)
  const { entered, diagnostics: occupied } = enteredByOthers(session, whole, now)
  const left = whole.changes.filter(({ action }) => action !== "no-op")
  // What cannot be wished for, such as a queue that no file can ask for, hinders nothing else.
  const errors = diagnostics.filter(({ severity }) => severity === "error")
  const barred = errors.flatMap(({ address }) => (whole.changes.some((change) => change.address === address) ? [address as Address] : []))
  const back = selectChanges(whole, { ...EVERYTHING, exclude: [...entered, ...barred] })
  if (barred.length < errors.length) return { back, now, left, diagnostics, occupied }
  return { back, now, left, diagnostics: [], occupied: [...occupied, ...errors] }
}

/** Volumes that nobody wished for before are not looked at else. */
function madeVolumes({ changes }: Plan): boolean {
  return changes.some(({ kind, action }) => kind === "volume" && action === "create")
}

function stillDiffering(left: Plan["changes"]): Diagnostic[] {
  const detail = left.map(({ address, action, cause }) => `${address}: ${action} (${cause})`).join("\n")
  return [
    error("not-undone", "not all of what was done could be undone", {
      ...(detail === "" ? {} : { detail }),
      hint: "`stack plan` shows what differs from the file; `stack apply` with the former file brings it back",
    }),
  ]
}

function failed(diagnostics: readonly Diagnostic[], { context }: Running): number {
  report(context, diagnostics)
  return EXIT.error
}
