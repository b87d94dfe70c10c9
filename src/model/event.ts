import type { Diagnostic } from "../base/diagnostic.ts"
import type { Plan } from "./plan.ts"
import type { Step } from "./step.ts"

/** What an apply tells its watchers. Displays consume it and decide nothing. Times are milliseconds of a monotonic clock. */
export type Event =
  | { type: "plan"; plan: Plan }
  | { type: "step-start"; step: Step; at: number }
  /** Bytes of a step that reads many, and of how many. */
  | { type: "step-progress"; step: Step; at: number; done: number; total: number }
  | { type: "step-done"; step: Step; at: number; took: number }
  | { type: "step-failed"; step: Step; at: number; took: number; diagnostic: Diagnostic }
  /** Never started: a step it waits for failed (`because`), or the run was interrupted. */
  | { type: "step-skipped"; step: Step; because: string }
  | { type: "interrupted" }
  | { type: "verify"; converged: boolean }

/** How an apply ended. */
export interface ApplyResult {
  done: readonly Step[]
  failed: readonly { step: Step; diagnostic: Diagnostic }[]
  skipped: readonly { step: Step; because: string }[]
  interrupted: boolean
}
