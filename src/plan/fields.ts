import type { FieldChange } from "../model/change.ts"
import type { FieldRule } from "../model/kind.ts"
import type { Attributes, Value } from "../model/resource.ts"
import { keysOf, member, sameValue } from "./values.ts"

/**
 * Where `have` is not as `want`, in the order of the rules. An attribute that `want` does not have is not managed; one
 * that `have` does not have cannot be told, and differs.
 */
export function differences(rules: readonly FieldRule[], want: Attributes, have: Attributes): FieldChange[] {
  return rules.flatMap(({ path, change }) => {
    const segments = path.split(".")
    if (want[segments[0] as string] === undefined) return []
    return [...walk(segments, "", want, have)].map((d): FieldChange => ({ ...d, forcesReplacement: change === "replace" }))
  })
}

type Difference = Omit<FieldChange, "forcesReplacement">

function* walk(segments: readonly string[], path: string, want: Value | undefined, have: Value | undefined): Generator<Difference> {
  const [segment, ...rest] = segments
  if (segment === undefined) {
    if (!sameValue(want, have)) yield { path, before: have, after: want }
    return
  }
  const keys = segment === "*" ? [...new Set([...keysOf(want), ...keysOf(have)])].sort() : [segment]
  for (const key of keys) yield* walk(rest, path === "" ? key : `${path}.${key}`, member(want, key), member(have, key))
}

/** The value at the path of a difference; keys of maps may hold dots themselves. */
export function valueAt(value: Value | undefined, path: string): Value | undefined {
  for (const key of keysOf(value)) {
    if (path === key) return member(value, key)
    if (!path.startsWith(`${key}.`)) continue
    const found = valueAt(member(value, key), path.slice(key.length + 1))
    if (found !== undefined) return found
  }
  return undefined
}
