import type { Value } from "../model/resource.ts"

type Maybe = Value | undefined

/** Deep equality of canonical values; the order of keys says nothing. */
export function sameValue(a: Maybe, b: Maybe): boolean {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = keysOf(a)
  return keys.length === keysOf(b).length && keys.every((key) => Object.hasOwn(b, key) && sameValue(member(a, key), member(b, key)))
}

/** Keys of a map, places of a list. */
export function keysOf(value: Maybe): string[] {
  return typeof value === "object" && value !== null ? Object.keys(value) : []
}

export function member(value: Maybe, key: string): Maybe {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as { readonly [key: string]: Value })[key]
}

/** JSON with sorted keys and without blanks: the same for the same value. */
export function canonicalJson(value: Maybe): string {
  if (value === undefined) return "null"
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`
  const entries = keysOf(value)
    .filter((key) => member(value, key) !== undefined)
    .sort()
  return `{${entries.map((key) => `${JSON.stringify(key)}:${canonicalJson(member(value, key))}`).join(",")}}`
}
