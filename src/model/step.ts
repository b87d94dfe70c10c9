import type { Address } from "../base/address.ts"
import type { Change } from "./change.ts"

/** `${address}:${op}`, unique in a plan. */
export type StepId = string

/** One kernel effect, as the planner orders it. */
export interface Step {
  id: StepId
  op: string
  address: Address
  /** The field change or event behind it, for a person. */
  cause: string
  /** Steps that must have succeeded before. Only ids of the same plan. */
  after: readonly StepId[]
  /** The change it is a part of: what the driver works from. */
  change: Change
}

/**
 * What a kind says of one step. `after` and `before` name steps of any resource by id; those that the plan does not
 * hold are dropped, so a kind may name all that could matter.
 */
export interface StepDraft {
  op: string
  cause?: string
  after?: readonly StepId[]
  before?: readonly StepId[]
  /**
   * Places in the kernel that hold one thing at a time (`host/br0`, `container.web/eth0`): a step that takes one waits for
   * the step that frees it, whosever that is.
   */
  frees?: readonly string[]
  takes?: readonly string[]
}

export function stepId(address: Address, op: string): StepId {
  return `${address}:${op}`
}

/** What a step is called that waited for something, and gave up because its caller was interrupted: the code of its diagnostic. */
export const INTERRUPTED = "interrupted"
