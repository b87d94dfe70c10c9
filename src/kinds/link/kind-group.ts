import { linkGroupOf, stackOfAlias } from "../../model/ownership.ts"
import type { Attributes } from "../../model/resource.ts"

/** The group of a link of which only the other side tells one: that of its stack, by the alias that it is to have. No file says it. */
export function groupLike({ group }: Attributes, other: Attributes, alias: unknown): Attributes {
  const stack = group === undefined && other.group !== undefined && typeof alias === "string" ? stackOfAlias(alias) : undefined
  return stack === undefined ? {} : { group: linkGroupOf(stack) }
}
