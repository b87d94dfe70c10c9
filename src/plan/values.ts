import type { Value } from "../model/resource.ts"

type Maybe = Value | undefined

type List = readonly Value[]
type Table = { readonly [key: string]: Value }

/** Deep equality of canonical values; the order of keys says nothing. Plain loops: a plan of a large stack asks ten thousand times. */
export function sameValue(a: Maybe, b: Maybe): boolean {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (Array.isArray(a)) return Array.isArray(b) && sameList(a, b)
  return !Array.isArray(b) && sameTable(a as Table, b as Table)
}

function sameList(a: List, b: List): boolean {
  const { length } = a
  if (length !== b.length) return false
  for (let i = 0; i < length; i++) if (a[i] !== b[i] && !sameValue(a[i], b[i])) return false
  return true
}

function sameTable(a: Table, b: Table): boolean {
  const keys = Object.keys(a)
  const others = Object.keys(b)
  const { length } = keys
  if (length !== others.length) return false
  for (let i = 0; i < length; i++) {
    const key = keys[i] as string
    if (key !== others[i] && !Object.hasOwn(b, key)) return false
    if (a[key] !== b[key] && !sameValue(a[key], b[key])) return false
  }
  return true
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
