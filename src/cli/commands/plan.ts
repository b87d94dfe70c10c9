import { fingerprint } from "../../plan/digest.ts"
import { basisOf } from "../../plan/stale.ts"
import { nothingText } from "../../render/outcome.ts"
import { planText } from "../../render/plan.ts"
import { planJson } from "../../render/plan-json.ts"
import { jsonText } from "../../render/printable.ts"
import { besideOf, readAhead } from "../ahead.ts"
import type { Context } from "../context.ts"
import { mannerOf, report } from "../context.ts"
import { EXIT } from "../exit.ts"
import { desiredOf, refuse } from "../intent.ts"
import type { PlanningOptions } from "../planning.ts"
import { forbidden, preparePlan, withImages } from "../planning.ts"
import { launchProblems } from "../privileges.ts"
import { openSession } from "../session.ts"

export interface PlanOptions extends PlanningOptions {
  out?: string
  detailedExitcode: boolean
}

/** Desired against the live kernel; changes nothing at all. */
export async function plan(options: PlanOptions, context: Context): Promise<number> {
  const beside = besideOf((stack) => readAhead(openSession(stack, context)))
  const written = desiredOf(options, context, beside)
  const ahead = beside.ahead()
  const session = ahead?.session ?? openSession(written.desired.stack, context)
  const wish = await withImages(session, { ...written, selection: options }, context)
  const { desired } = wish
  const {
    plan: made,
    snapshot,
    selection,
    prevented,
  } = preparePlan(session, wish, context, wish.desired === written.desired ? ahead?.begun() : undefined)
  report(
    context,
    launchProblems(session.kernel, made).map((problem) => ({ ...problem, severity: "warning" })),
  )
  if (options.json) context.out.write(`${jsonText(planJson(made, fingerprint(made)))}\n`)
  else context.out.write(options.destroy && !made.hasChanges ? nothingText(made) : planText(made, mannerOf(context.out)))
  if (options.out !== undefined) {
    const { shownOf, writePlanFile } = await import("../plan-file.ts")
    writePlanFile(options.out, { desired, selection, basis: basisOf(made, snapshot), shown: shownOf(made) }, context)
  }
  const reason = forbidden(made, options.failOn)
  if (reason !== undefined) return refuse(reason, context)
  report(context, prevented)
  if (prevented.length > 0) return EXIT.refused
  return options.detailedExitcode && made.hasChanges ? EXIT.changes : EXIT.ok
}
