import { withAbsolutePaths } from "./document-paths.ts"
import type { MapNode } from "./node.ts"
import { setKey, toPlain } from "./node.ts"
import type { Draft } from "./resolve.ts"
import { substitute } from "./substitute.ts"
import type { Variables } from "./variables.ts"
import { withSpelling } from "./written-number.ts"

/**
 * The stack file as plain data, with includes merged, variables replaced and profiles decided, to be read by a person or as a
 * stack file again from anywhere: `${index}` stays, other dollar signs are written so that they mean themselves, paths are absolute.
 */
export function documentOf(tree: MapNode, name: string | undefined, variables: Variables, draft: Draft): unknown {
  const found: { [key: string]: unknown } = name === undefined ? {} : { name }
  const manner = { replicated: true, index: `$\{index}`, spelt: (text: string) => text.replaceAll("$", "$$$$") }
  for (const [key, { value }] of tree.entries) {
    if (key.startsWith("x-") || key === "variables" || key === "name") continue
    const { node } = substitute(value, variables, [], manner)
    const plain = withAbsolutePaths(key, node, toPlain(node, withSpelling))
    if (key === "containers") withoutProfiles(plain, draft)
    if (key === "veths") withoutOthers(plain, new Set(draft.veths.map((veth) => veth.name)))
    setKey(found, key, plain)
  }
  return found
}

type Named = { [name: string]: unknown }

/** What the profiles leave out is not there, and what they let in is there whatever they are. */
function withoutProfiles(plain: unknown, { names }: Draft): void {
  withoutOthers(plain, new Set([...names].flatMap(([name, { active }]) => (active ? [name] : []))))
  for (const its of Object.values((plain ?? {}) as Named)) {
    if (its !== null && typeof its === "object") delete (its as Named).profiles
  }
}

function withoutOthers(plain: unknown, kept: ReadonlySet<string>): void {
  if (plain === null || typeof plain !== "object") return
  for (const name of Object.keys(plain)) if (!kept.has(name) && !name.startsWith("x-")) delete (plain as Named)[name]
}
