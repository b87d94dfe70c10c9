import type { Diagnostic } from "../base/diagnostic.ts"
import type { Change } from "./change.ts"
import type { Attributes, HostFacts, KindName, Observed, Resource } from "./resource.ts"
import type { StepDraft } from "./step.ts"

/** What happens when a field differs: `update` in place, or `replace` the resource. A path that ends in `.*` speaks for every key of a map. */
export interface FieldRule {
  path: string
  change: "update" | "replace"
}

/** The pure face of a kind: what the planner sees. No I/O, no clock, no randomness. */
export interface Kind {
  name: KindName
  /** Every attribute of the kind has a rule; the diff walks them. A value that is a list is compared whole. */
  rules: readonly FieldRule[]
  /** Makes equal what means the same on this kernel: rounded limits, fields that say nothing of an exited container. */
  normalise?(desired: Attributes, observed: Observed): { desired: Attributes; observed: Attributes }
  /** The kernel effects of a change, and their order. */
  steps(change: Change): StepDraft[]
  /** Plan-time problems that depend on the host: a controller that no hierarchy holds, an id out of range. */
  check?(resource: Resource, host: HostFacts): Diagnostic[]
}
