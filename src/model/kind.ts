import type { Address } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import type { Change, Doing, FieldChange } from "./change.ts"
import type { Attributes, HostFacts, KindName, Observed, Relations, Resource, Value } from "./resource.ts"
import type { StepDraft } from "./step.ts"

/** What happens when a field differs: `update` in place, or `replace` the resource. `*` stands for every key of a map (`limits.*`) or place of a list (`endpoints.*.mac`). */
export interface FieldRule {
  path: string
  change: "update" | "replace"
}

/** A field of another resource that a change undoes in the kernel, though it reads as it should. */
export interface Disturbance {
  address: Address
  field: string
  /** Whether a wanted value of that field is concerned. */
  touches(value: Value): boolean
}

/** The pure face of a kind: what the planner sees. No I/O, no clock, no randomness. */
export interface Kind {
  name: KindName
  /** Every attribute of the kind has a rule; the diff walks them. A value at the end of a path is compared whole. */
  rules: readonly FieldRule[]
  /** What a resource of these attributes hangs on, among `all` that there are; absent: nothing. */
  relations?(attributes: Attributes, all: readonly Pick<Resource, "kind" | "address" | "attributes">[]): Relations
  /** The same attributes, with other addresses for the resources whose objects they name. */
  readdressed?(attributes: Attributes, rename: (address: Address) => Address): Attributes
  /** What was found, as a wish of who gives it back, where its attributes alone do not tell all. Absent: they do. */
  asFound?(attributes: Attributes, live: Observed["live"]): Attributes
  /** Makes equal what means the same on this kernel: rounded limits, fields that say nothing of an exited container. */
  normalise?(desired: Attributes, observed: Observed, host: HostFacts): { desired: Attributes; observed: Attributes }
  /** Whether a replacement for the sake of these fields leaves what hangs on its namespaces as it is; absent: never. */
  keeps?(observed: Observed, fields: readonly FieldChange[]): boolean
  /** Whether the kernel can bring a field to its wish in place, though its rule is `replace`: as things stand; absent: never. */
  inPlace?(field: FieldChange, desired: Attributes, observed: Observed): boolean
  /**
   * The resource by whose end alone this field may have come to differ: the container that it shares a namespace with. Undefined: it is
   * nobody else's.
   */
  sharedWith?(field: FieldChange, desired: Attributes): Address | undefined
  /** What has become of what a change finds, of itself or by somebody's doing: `has ended`. Undefined: nothing; absent: nothing of this kind ends. */
  ending?(change: Change): string | undefined
  /** The kernel effects of a change, and their order. */
  steps(change: Doing): StepDraft[]
  /** Fields of other resources that a change undoes in the kernel: a container's routes go with the link they leave by. */
  disturbs?(change: Change): Disturbance[]
  /** Fields of a resource that the change of one it refers to undoes in the kernel, though they read as they should. Absent: none. */
  undoneBy?(change: Change, other: Change): string[]
  /** Plan-time problems that depend on the host: a controller that no hierarchy holds, an id out of range. */
  check?(resource: Resource, host: HostFacts): Diagnostic[]
}
