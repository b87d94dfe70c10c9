import type { CarryOutOptions } from "../carry-out.ts"
import { carryOut } from "../carry-out.ts"
import type { Context } from "../context.ts"
import { desiredOf } from "../intent.ts"
import { readPlanFile } from "../plan-file.ts"
import type { PlanningOptions } from "../planning.ts"

/** Plans, asks, executes, reads back and checks that a new plan is empty. */
export async function apply(options: PlanningOptions & CarryOutOptions, planFile: string | undefined, context: Context): Promise<number> {
  const word = options.destroy ? "destroy" : "apply"
  if (planFile !== undefined) return carryOut({ ...readPlanFile(planFile, context), word }, options, context)
  return carryOut({ desired: desiredOf(options, context), selection: options, word }, options, context)
}
