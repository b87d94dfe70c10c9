import type { CarryOutOptions } from "../carry-out.ts"
import { carryOut, lockedWhileLoading } from "../carry-out.ts"
import type { Context } from "../context.ts"
import { tellInJson } from "../display.ts"
import type { PlanningOptions } from "../planning.ts"

/** The plan with nothing desired. Works without a valid file: what is the stack's is marked in the kernel. */
export async function destroy(options: PlanningOptions & CarryOutOptions, context: Context): Promise<number> {
  if (options.json) await tellInJson(context)
  const { wish, ahead } = lockedWhileLoading({ ...options, destroy: true }, context)
  return carryOut({ ...wish, selection: options, word: "destroy" }, options, context, ahead)
}
