import type { FieldChange } from "../model/change.ts"
import type { FieldRule } from "../model/kind.ts"
import type { Attributes, Value } from "../model/resource.ts"
import { keysOf, member, sameValue } from "./values.ts"

/**
 * Where `have` is not as `want`, in the order of the rules. An attribute that `want` does not have is not managed; one
 * that `have` does not have cannot be told, and differs.
 */
export function differences(rules: readonly FieldRule[], want: Attributes, have: Attributes): FieldChange[] {
  const found: FieldChange[] = []
  for (const { segments, forcesReplacement } of compiled(rules)) {
    const attribute = segments[0] as string
    if (want[attribute] === undefined || sameValue(want[attribute], have[attribute])) continue
    walk(segments, 0, "", want, have, (path, before, after) => found.push({ path, before, after, forcesReplacement }))
  }
  return found
}

interface CompiledRule {
  segments: readonly string[]
  forcesReplacement: boolean
}

/** Paths are taken apart once for each kind, not for each resource. */
const COMPILED = new WeakMap<readonly FieldRule[], readonly CompiledRule[]>()

function compiled(rules: readonly FieldRule[]): readonly CompiledRule[] {
  const known = COMPILED.get(rules)
  if (known !== undefined) return known
  const fresh = rules.map(({ path, change }) => ({ segments: path.split("."), forcesReplacement: change === "replace" }))
  COMPILED.set(rules, fresh)
  return fresh
}

type Tell = (path: string, before: Value | undefined, after: Value | undefined) => void

function walk(segments: readonly string[], at: number, path: string, want: Value | undefined, have: Value | undefined, tell: Tell): void {
  const segment = segments[at]
  if (segment === undefined) {
    if (!sameValue(want, have)) tell(path, have, want)
    return
  }
  const keys = segment === "*" ? unionOfKeys(want, have) : [segment]
  for (const key of keys) walk(segments, at + 1, path === "" ? key : `${path}.${key}`, member(want, key), member(have, key), tell)
}

function unionOfKeys(a: Value | undefined, b: Value | undefined): string[] {
  const keys = keysOf(a)
  const others = keysOf(b).filter((key) => !keys.includes(key))
  return keys.length + others.length < 2 ? [...keys, ...others] : [...keys, ...others].sort()
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
