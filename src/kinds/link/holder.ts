import { splitAddress } from "../../base/address.ts"
import type { Scope } from "../../model/driver.ts"
import { movesOf, oneMove, splitInterface } from "../../model/moves.ts"

/**
 * The live container that an interface of this address is in: an apply that was killed may have renamed the container, and not yet
 * its interface's mark.
 */
export function holderOf(scope: Scope, address: string): string {
  const { container } = splitInterface(splitAddress(address).name)
  const moves = movesOf(scope.desired)
  let at: string | undefined = `container.${container}`
  for (let hops = 0; at !== undefined && hops <= 2 * moves.size; hops++) {
    const { name } = splitAddress(at)
    const live = [name, `${name}[0]`, name.replace(/\[0\]$/, "")].find((one) => scope.monitors.has(one))
    if (live !== undefined && (hops > 0 || live === container)) return live
    at = oneMove(moves, at)
  }
  return container
}
