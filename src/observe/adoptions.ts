import type { Address } from "../base/address.ts"
import { splitAddress } from "../base/address.ts"
import { drivers } from "../kinds/drivers.ts"
import type { Scope } from "../model/driver.ts"
import type { Adoptions } from "../model/imports.ts"
import type { KindName, Observed } from "../model/resource.ts"

/** What the entries of `import:` name, but for those that have done their work. */
export function readAdoptions(scope: Scope, live: ReadonlyMap<Address, Observed>): Adoptions {
  const entries = scope.desired.imports ?? []
  return new Map(
    entries.flatMap((entry) => {
      const found = drivers[splitAddress(entry.to).kind as KindName].adoptable?.(scope, entry, live.get(entry.to))
      return found === undefined ? [] : [[entry.to, found]]
    }),
  )
}
