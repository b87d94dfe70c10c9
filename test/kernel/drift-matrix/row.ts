import type { KindName, Value } from "../../../src/model/resource.ts"

/** All that can be said of the attributes of one kind. */
export interface KindRows {
  kind: KindName
  attributes: readonly AttributeRow[]
}

/** One attribute that a stack file can set, as a plan calls it; or the whole object. */
export interface AttributeRow {
  attribute: string
  /** Where its live value is read. */
  read: string
  /** How somebody else changes it. */
  hands: readonly Hand[]
  /** Of one without hands: why nobody can change it in the kernel. */
  never?: string
}

/** One change by hand, and what the next plan says of it. */
export interface Hand {
  /**
   * A shell's words, with tools that are not ours; on cgroup v1 sometimes others. `$web` is the pid of a container's first process,
   * `$web_monitor` that of its monitor, `$pids` the folder of the stack in the hierarchy that has the controller.
   */
  by: string | { v1: string; v2: string }
  shows: Shows
  /** Limits of the host's own kind that it needs, as the stack of the matrix sets them: skipped where they cannot be. */
  needs?: string
}

/**
 * By address, what the plan shows: the fields found changed, each with the value found (null: none), which are drift; or what follows
 * from it. `gone`: made anew, `broken`: replaced, both drift. `gone along`: made anew, as it went with something else, whose drift it is.
 * `replaced`, `set again`: it follows from the plan's own doing.
 */
export interface Shows {
  [address: string]: { [path: string]: Value } | "gone" | "gone along" | "broken" | "replaced" | "set again"
}

/** The whole object, not one of its attributes. */
export const ITSELF = "(itself)"
