import { DESTRUCTION_ASKED } from "../../model/plan.ts"
import type { CarryOutOptions } from "../carry-out.ts"
import { carryOut, lockedWhileLoading } from "../carry-out.ts"
import type { Context } from "../context.ts"
import { tellInJson } from "../display.ts"
import { UsageError } from "../exit.ts"
import type { PlanningOptions } from "../planning.ts"

/** Plans, asks, executes, reads back and checks that a new plan is empty. */
export async function apply(options: PlanningOptions & CarryOutOptions, planFile: string | undefined, context: Context): Promise<number> {
  if (options.json) await tellInJson(context)
  if (planFile !== undefined) {
    refuseWishes(options)
    const { readPlanFile } = await import("../plan-file.ts")
    const { desired, selection, basis } = readPlanFile(planFile, context)
    const asked = desired.unwanted === DESTRUCTION_ASKED ? "destroy" : "apply"
    return carryOut({ desired, selection, basis, declared: desired.resources, word: asked }, options, context)
  }
  const { wish, ahead } = lockedWhileLoading(options, context)
  return carryOut({ ...wish, selection: options, word: options.destroy ? "destroy" : "apply" }, options, context, ahead)
}

/** A kept plan says itself what is wanted and of what. */
function refuseWishes(options: PlanningOptions): void {
  const { file, name, destroy, var: variables, varFile, profile, target, exclude, replace } = options
  const lists = [variables, varFile, profile, target, exclude, replace]
  if (file !== undefined || name !== undefined || destroy || lists.some((list) => list.length > 0))
    throw new UsageError("a plan file already says what is wanted: give it without options that say so again")
}
