import type { Spelt, SpeltMap } from "../../model/spelt.ts"
import { withoutAbsent } from "../../model/spelt.ts"

/** What replicas differ in and no text with `${index}` can say: its path, dotted. */
export interface Merged {
  entry: SpeltMap
  lost: string[]
}

/**
 * One entry for the replicas of a container, in the order of their numbers. What they differ in is written with `${index}`, where the number
 * is a part of it; addresses are else `auto`, and id maps left out: what a container has of these is kept as long as it runs.
 */
export function mergeReplicas(entries: readonly SpeltMap[]): Merged {
  const lost: string[] = []
  const { image, command, ...rest } = merged(entries, "", lost) as { [key: string]: Spelt }
  return { entry: withoutAbsent({ image, command, replicas: entries.length, ...rest }), lost }
}

function merged(values: readonly (Spelt | undefined)[], path: string, lost: string[]): Spelt | undefined {
  const [first] = values
  const text = JSON.stringify(first)
  if (values.every((value) => JSON.stringify(value) === text)) return first
  if (values.every(isMap)) return mergedMap(values, path, lost)
  const lists = values.every(isList) && values.every((list) => list.length === (first as readonly Spelt[]).length)
  if (lists) return ADDRESS.test(path) ? mergedAddresses(values, path) : mergedList(values, path, lost)
  const template = values.every(isText) ? indexed(values) : undefined
  return template ?? fallback(first, path, lost)
}

function mergedList(lists: readonly (readonly Spelt[])[], path: string, lost: string[]): Spelt[] {
  return (lists[0] as readonly Spelt[]).map((_, i) =>
    merged(
      lists.map((list) => list[i]),
      `${path}.${i}`,
      lost,
    ),
  ) as Spelt[]
}

/** Several addresses of one interface are chosen together. */
function mergedAddresses(lists: readonly (readonly Spelt[])[], path: string): Spelt {
  const lost: string[] = []
  const written = mergedList(lists, path, lost)
  return lost.length === 0 ? written : "auto"
}

function mergedMap(maps: readonly SpeltMap[], path: string, lost: string[]): SpeltMap {
  const keys = [...new Set(maps.flatMap((map) => Object.keys(map)))]
  const entries = keys.map((key): [string, Spelt | undefined] => {
    const below = path === "" ? key : `${path}.${key}`
    const values = maps.map((map) => map[key])
    if (below === "idmap" && new Set(values.map((value) => JSON.stringify(value))).size > 1) return [key, undefined]
    return [key, merged(values, below, lost)]
  })
  return Object.fromEntries(entries.filter((entry): entry is [string, Spelt] => entry[1] !== undefined))
}

const ADDRESS = /^interfaces\.[^.]+\.address$/

/** What no text can say is told, and written as the first of them has it. */
function fallback(first: Spelt | undefined, path: string, lost: string[]): Spelt | undefined {
  if (ADDRESS.test(path)) return "auto"
  lost.push(path)
  return first
}

/** A text that is each of them with its number in the place of `${index}`; undefined where there is none. */
function indexed(texts: readonly string[]): string | undefined {
  const parts = texts.map((text) => text.split(/(\d+)/))
  const [first] = parts as [string[]]
  if (parts.some((part) => part.length !== first.length)) return undefined
  const spelt = first.map((token, at) => {
    const tokens = parts.map((part) => part[at] as string)
    if (tokens.every((other) => other === token)) return token
    const prefix = token.endsWith("0") ? token.slice(0, -1) : undefined
    return prefix !== undefined && tokens.every((other, k) => other === `${prefix}${k}`) ? `${prefix}$\{index}` : undefined
  })
  return spelt.includes(undefined) ? undefined : spelt.join("")
}

function isMap(value: Spelt | undefined): value is SpeltMap {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function isList(value: Spelt | undefined): value is readonly Spelt[] {
  return Array.isArray(value)
}

function isText(value: Spelt | undefined): value is string {
  return typeof value === "string"
}
