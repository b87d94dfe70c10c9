import type { Address } from "../base/address.ts"
import type { Diagnostic, Range } from "../base/diagnostic.ts"
import type { Observed } from "./resource.ts"

/** An entry of `import:`: an object without a mark that is to become the stack's. */
export interface Import {
  to: Address
  /** What it is called in the kernel: a link's name, or a cgroup's path from the top of its hierarchy. */
  id: string
  /** It has been adopted, and is given back: where it is there again, nothing is to be done. */
  back?: true
  /** Where the file says so. */
  range?(): Range | undefined
}

/** What was found under the name of an entry whose resource is not live. One of the two is there. */
export interface Adoption {
  entry: Import
  /** The object, read as the resource that it is to become. */
  observed?: Observed
  /** Why it cannot become that. */
  problem?: Pick<Diagnostic, "summary" | "detail" | "hint">
}

/** The resources that are adopted by this plan or could not be, by address. */
export type Adoptions = ReadonlyMap<Address, Adoption>
