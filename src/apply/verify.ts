import type { Plan, Planned } from "../model/plan.ts"
import type { HostFacts } from "../model/resource.ts"
import { observe } from "../observe/observe.ts"
import { makePlan } from "../plan/plan.ts"
import type { ApplyContext } from "./apply.ts"

/** Observes and plans again what was applied, with the values that were chosen then: converged is the plan that is empty. */
export function verify(plan: Plan, { kernel, cgroups, controllers }: ApplyContext & Pick<HostFacts, "controllers">): Planned {
  return makePlan(plan.desired, observe(kernel, plan.desired, cgroups, controllers))
}
