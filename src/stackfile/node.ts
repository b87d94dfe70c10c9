import type { Diagnostic, Range } from "../base/diagnostic.ts"
import type { SourceFile } from "./source.ts"
import { rangeAt } from "./source.ts"

/** A stretch of a source text by offsets. */
export interface Spot {
  file: SourceFile
  start: number
  end: number
}

/** What a YAML document holds, with where it stands. Aliases share nodes, so nodes are never changed. */
export type Node = ScalarNode | ListNode | MapNode

export interface ScalarNode extends Spot {
  kind: "scalar"
  value: string | number | boolean | null
  /** Without quotes: `1` is a number here. */
  plain: boolean
  /** A plain scalar as written (`1.10`); the value of any other. */
  source: string
  /** It stands for something that is not there (a variable, an alias), which is reported: as if nothing stood here. */
  failed?: true
  /** A variable's value stands in it: whether it is a text or a number, its place decides. */
  substituted?: true
}

export interface ListNode extends Spot {
  kind: "list"
  items: readonly Node[]
}

export interface MapNode extends Spot {
  kind: "map"
  entries: ReadonlyMap<string, MapEntry>
}

export interface MapEntry {
  key: Spot
  value: Node
}

/** What became of one text. */
export interface Parsed {
  /** Absent when the text is no document of ours. */
  root?: MapNode
  /** Something of the text is not in the tree: what seems to be missing there may stand in the text. */
  partial?: boolean
  diagnostics: Diagnostic[]
}

/** Keys and indexes from a node down to another. */
export type Path = readonly (string | number)[]

/** What takes the place of a mistaken value, which has been told. */
export function failedNode({ file, start, end }: Spot): ScalarNode {
  return { kind: "scalar", file, start, end, value: null, plain: true, source: "", failed: true }
}

export function isFailed(node: Node | undefined): boolean {
  return node?.kind === "scalar" && node.failed === true
}

export function isMap(node: Node | undefined): node is MapNode {
  return node?.kind === "map"
}

export function child(node: Node | undefined, step: string | number): Node | undefined {
  if (node?.kind === "map") return node.entries.get(String(step))?.value
  if (node?.kind === "list") return node.items[Number(step)]
  return undefined
}

export function nodeAt(node: Node | undefined, path: Path): Node | undefined {
  let found = node
  for (const step of path) found = child(found, step)
  return found
}

/** Where the value at a path stands, or the nearest thing above it. A block of several lines is shown by its key. */
export function rangeOfPath(root: MapEntry, path: Path): Range {
  let { key, value }: { key: Spot | undefined; value: Node } = root
  for (const step of path) {
    const entry: MapEntry | undefined = value.kind === "map" ? value.entries.get(String(step)) : undefined
    const next = entry?.value ?? child(value, step)
    if (next === undefined) break
    key = entry?.key
    value = next
  }
  return rangeOfEntry(key, value)
}

function rangeOfEntry(key: Spot | undefined, value: Node): Range {
  const range = rangeAt(value.file, value.start, value.end)
  const spread = value.kind !== "scalar" && range.start.line !== range.end.line
  const empty = value.kind === "scalar" && value.start === value.end
  return key !== undefined && (spread || empty) ? spotRange(key) : range
}

/** Where the key at the end of a path stands, or the nearest thing above it. */
export function rangeOfKey(root: MapEntry, path: Path): Range {
  const parent = nodeAt(root.value, path.slice(0, -1))
  const last = path.at(-1)
  const key = last === undefined ? root.key : parent?.kind === "map" ? parent.entries.get(String(last))?.key : undefined
  return key === undefined ? rangeOfPath(root, path) : spotRange(key)
}

export function spotRange({ file, start, end }: Spot): Range {
  return rangeAt(file, start, end)
}

/** A whole number with more digits than a number here holds stays the text that it is written as: what is said of it, and what is made of it, is exact. */
export function plainScalar({ value, failed, source }: ScalarNode): unknown {
  if (failed) return undefined
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? source : value
}

/**
 * The node as plain data. Keys keep their order; `__proto__` is a key like any other. What has failed is left out, with
 * the list it is an item of. `scalar`: what becomes of a value.
 */
export function toPlain(node: Node, scalar: (node: ScalarNode) => unknown = plainScalar): unknown {
  if (node.kind === "scalar") return scalar(node)
  if (node.kind === "list") {
    const items = node.items.map((item) => toPlain(item, scalar))
    return items.includes(undefined) ? undefined : items
  }
  const plain: { [key: string]: unknown } = {}
  for (const [key, entry] of node.entries) {
    const value = toPlain(entry.value, scalar)
    if (value !== undefined) setKey(plain, key, value)
  }
  return plain
}

/** Sets an own property whatever its name is. */
export function setKey(object: { [key: string]: unknown }, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  else object[key] = value
}
