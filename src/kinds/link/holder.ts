import type { Address } from "../../base/address.ts"
import { splitAddress } from "../../base/address.ts"
import type { Scope } from "../../model/driver.ts"
import type { Moves } from "../../model/moves.ts"
import { destination, movesOf, splitInterface } from "../../model/moves.ts"

/**
 * The live container that an interface of this address is in: an apply that was killed may have renamed the container and not yet its
 * interface's mark, or the mark and not yet the container.
 */
export function holderOf(scope: Scope, address: Address): string {
  const { container } = splitInterface(splitAddress(address).name)
  const moves = movesOf(scope.desired)
  if (moves.size === 0 || scope.monitors.has(container)) return container
  const end = endOf(moves, container)
  return [...scope.monitors.keys()].find((other) => endOf(moves, other) === end) ?? container
}

/** Number 0 of replicas may have been without a number. */
function endOf(moves: Moves, container: string): Address {
  return destination(moves, `container.${container}`).replace(/\[0\]$/, "")
}
