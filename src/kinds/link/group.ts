import type { Link } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import { addressOfAlias, linkGroupOf } from "../../model/ownership.ts"

/** The group that somebody has put a link into which bears this stack's alias: the other half of its mark. docs/decisions/0043 */
export function observedGroup({ stack }: Pick<Scope, "stack">, { group, alias }: Link): { group?: number } {
  return group === linkGroupOf(stack) || addressOfAlias(stack, alias) === undefined ? {} : { group }
}
