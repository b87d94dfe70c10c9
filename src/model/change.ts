import type { Address } from "../base/address.ts"
import type { Attributes, KindName, Observed, Resource, Value } from "./resource.ts"

export type Action = "no-op" | "create" | "update" | "replace" | "delete"

/** One field that differs. `undefined` before or after: not there. */
export interface FieldChange {
  /** Dotted: `mtu`, `limits.memory`, `sysctls.net.ipv4.ip_forward`. */
  path: string
  before: Value | undefined
  after: Value | undefined
  forcesReplacement: boolean
  /** The last apply wanted just what is wanted now: someone else changed it. */
  drift?: true
}

/** One resource's verdict. */
export interface Change {
  address: Address
  kind: KindName
  name: string
  action: Action
  /** What a user understands: `not there`, `not in the stack file`, `mtu: 1500 -> 9000`, `container.web is replaced`. */
  cause: string
  fields: readonly FieldChange[]
  /** Of an object that bears no mark until now: what it is called in the kernel, as `import:` has it. */
  adopts?: string
  /** The address it has had until now: it is renamed in place. */
  movedFrom?: Address
  /** By what it came to differ, and nobody's hand: `container.web has ended`, whose namespace it shares or was in, or by whose link it had it. */
  endedBy?: string
  /** Of a replacement: what hangs on its namespaces stays as it is. */
  keeps?: true
  /** The file did not change, the kernel did: in one of the fields, or the object itself is gone or broken. */
  drift: boolean
  before: Attributes | null
  after: Attributes | null
  /** Absent for a delete. */
  resource?: Resource
  /** Absent for a create. */
  observed?: Observed
}

/** A change that does something. */
export type Doing = Change & { action: Exclude<Action, "no-op"> }

export function isDoing(change: Change): change is Doing {
  return change.action !== "no-op"
}
