import type { MapNode } from "./node.ts"
import { setKey, toPlain } from "./node.ts"
import type { Variables } from "./variables.ts"
import { substitute } from "./variables.ts"

/**
 * The stack file as plain data, with includes merged and variables replaced, to be read by a person or as a stack file
 * again: `${index}` stays, other dollar signs are doubled where they would mean something.
 */
export function documentOf(tree: MapNode, name: string | undefined, { variables }: { variables: Variables; cwd: string }): unknown {
  const found: { [key: string]: unknown } = name === undefined ? {} : { name }
  for (const [key, { value }] of tree.entries) {
    if (key.startsWith("x-") || key === "variables" || key === "name") continue
    setKey(found, key, toPlain(substitute(value, variables, [], { allowed: true }).node))
  }
  return found
}
