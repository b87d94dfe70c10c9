import type { Diagnostic } from "../base/diagnostic.ts"
import type { Change } from "./change.ts"
import type { Desired } from "./resource.ts"
import type { Step } from "./step.ts"

/** Why what a destroy takes away goes (`Desired.unwanted`). */
export const DESTRUCTION_ASKED = "its destruction is asked for"

export interface Summary {
  add: number
  change: number
  destroy: number
  /** Only where something is adopted, which counts as nothing else. */
  adopt?: number
}

/** What apply will do, whole: data, deterministic, by address. */
export interface Plan {
  stack: string
  /** Every resource, the unchanged ones too; in the file's order, those only the kernel has behind, by address. */
  changes: readonly Change[]
  /** In an order that respects `after`. */
  steps: readonly Step[]
  summary: Summary
  hasChanges: boolean
  /** The desired state with every automatic value chosen (what drivers work from). */
  desired: Desired
}

/** A plan, unless something stands in its way. */
export interface Planned {
  plan: Plan
  diagnostics: readonly Diagnostic[]
}
