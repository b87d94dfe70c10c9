import type { Alias, Document, Pair, ParsedNode, Scalar, YAMLMap, YAMLSeq } from "yaml"
import { isAlias, isMap, isScalar, isSeq } from "yaml"
import type { Diagnostic } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import { nearest } from "../base/nearest.ts"
import { MAX_ALIASES, MAX_COPIES, MAX_DEPTH } from "./bounds.ts"
import type { ListNode, MapEntry, MapNode, Node, Parsed, ScalarNode, Spot } from "./node.ts"
import { failedNode, isFailed, spotRange } from "./node.ts"
import type { SourceFile } from "./source.ts"
import { positionAt } from "./source.ts"

/** What one file's composition shares. */
interface Composition {
  file: SourceFile
  anchors: Map<string, Measured>
  /** Anchors whose nodes are being read. */
  open: Set<string>
  aliases: number
  copies: number
  /** Keys are missing from some map of it. */
  partial: boolean
  diagnostics: Diagnostic[]
}

/** A node with how many nodes it stands for and how deep they go, aliases followed. */
interface Measured {
  node: Node
  count: number
  height: number
}

/** The library's document as our nodes: anchors and merge keys resolved, keys as texts, duplicates found. */
export function composeNode(file: SourceFile, document: Document.Parsed): Parsed {
  const work: Composition = { file, anchors: new Map(), open: new Set(), aliases: 0, copies: 0, partial: false, diagnostics: [] }
  const root = compose(work, document.contents as ParsedNode | null, 0).node
  if (root.kind === "map") return { root, partial: work.partial || hasFailedSection(root), diagnostics: work.diagnostics }
  if (isFailed(root)) return { diagnostics: work.diagnostics }
  const isEmpty = root.kind === "scalar" && root.value === null
  const problem = error("not-a-map", isEmpty ? "the stack file is empty" : `a stack file is a map of keys, not a ${kindWord(root)}`, {
    hint: "begin with `containers:`",
    range: spotRange({ file, start: root.start, end: isEmpty ? root.start : root.end }),
  })
  return { diagnostics: [...work.diagnostics, problem] }
}

/** The names in it are not known. */
function hasFailedSection({ entries }: MapNode): boolean {
  return [...entries.values()].some(({ value }) => isFailed(value))
}

function kindWord(node: Node): string {
  return node.kind === "scalar" ? "text" : node.kind
}

function compose(work: Composition, node: ParsedNode | null, depth: number): Measured {
  if (node === null) return scalar(work, 0, 0, null)
  if (isAlias(node)) return follow(work, node, depth)
  if (node.anchor !== undefined) work.open.add(node.anchor)
  const read = isMap(node) ? map(work, node, depth) : isSeq(node) ? list(work, node, depth) : text(work, node)
  // What the library makes of an unknown tag's value is not what was meant; the tag itself has been told.
  const made = isKnownTag(node.tag) ? read : { node: failedNode(spotOf(work, node)), count: 1, height: 0 }
  if (node.anchor !== undefined) {
    work.open.delete(node.anchor)
    work.anchors.set(node.anchor, made)
  }
  return made
}

/** https://yaml.org/spec/1.2.2/#103-core-schema */
function isKnownTag(tag: string | undefined): boolean {
  return tag === undefined || tag === "!" || /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/.test(tag)
}

function spotOf({ file }: Composition, node: { range?: readonly [number, number, number] | null }): Spot {
  const [start, end] = node.range ?? [0, 0]
  return { file, start, end }
}

/** More mistakes of one sort in one file are not read by anyone. */
const MAX_ERRORS = 100

function report({ diagnostics }: Composition, diagnostic: Diagnostic): void {
  if (diagnostics.length < MAX_ERRORS) diagnostics.push(diagnostic)
}

function scalar({ file }: Composition, start: number, end: number, value: ScalarNode["value"]): Measured {
  return { node: { kind: "scalar", file, start, end, value, plain: true, source: "" }, count: 1, height: 0 }
}

function text(work: Composition, node: Scalar.Parsed): Measured {
  const plain = node.type === "PLAIN"
  const spot = spotOf(work, node)
  let value = node.value as ScalarNode["value"] | bigint
  let failed = false
  if (typeof value === "bigint") value = Number(value)
  if (typeof value === "string" && value.includes("\0")) {
    report(work, error("control-character", "a text holds a NUL character", { hint: "take `\\0` out", range: spotRange(spot) }))
    failed = true
  }
  const source = plain ? node.source : String(value)
  return { node: { kind: "scalar", ...spot, value, plain, source, ...(failed ? { failed } : {}) }, count: 1, height: 0 }
}

function list(work: Composition, node: YAMLSeq.Parsed, depth: number): Measured {
  const items = node.items.map((item) => compose(work, item as ParsedNode | null, depth + 1))
  const made: ListNode = { kind: "list", ...spotOf(work, node), items: items.map((i) => i.node) }
  return { node: made, ...measure(items) }
}

function measure(parts: readonly Measured[]): { count: number; height: number } {
  let count = 1
  let height = 0
  for (const part of parts) {
    count += part.count
    height = Math.max(height, part.height + 1)
  }
  return { count, height }
}

/** An alias stands for its anchor's node; how much that adds is counted, so that a few lines cannot stand for millions. */
function follow(work: Composition, alias: Alias, depth: number): Measured {
  const spot = spotOf(work, alias)
  const target = work.anchors.get(alias.source)
  const failed = (): Measured => ({ node: failedNode(spot), count: 1, height: 0 })
  const refuse = (code: string, summary: string, hint: string): Measured => {
    report(work, error(code, summary, { hint, range: spotRange(spot) }))
    return failed()
  }
  if (work.open.has(alias.source))
    return refuse(
      "unknown-anchor",
      `\`*${alias.source}\` stands within what \`&${alias.source}\` names`,
      "take it out: nothing can hold itself",
    )
  if (target === undefined) {
    const near = nearest(alias.source, work.anchors.keys())
    const hint = near === undefined ? `set the anchor &${alias.source} above` : `did you mean \`*${near}\`?`
    return refuse("unknown-anchor", `no anchor \`&${alias.source}\` stands above`, hint)
  }
  const before = work.copies
  work.aliases++
  work.copies += target.count
  if (before > MAX_COPIES) return failed()
  if (work.aliases === MAX_ALIASES + 1) return refuse("too-many-aliases", `more than ${MAX_ALIASES} aliases`, "use `include` or `replicas`")
  if (work.aliases > MAX_ALIASES) return failed()
  if (work.copies > MAX_COPIES) return refuse("too-many-aliases", "the aliases stand for too much", "use fewer aliases in each other")
  if (depth + target.height > MAX_DEPTH) return refuse("too-deep", `with this alias, nesting exceeds ${MAX_DEPTH} levels`, "flatten it")
  return target
}

function map(work: Composition, node: YAMLMap.Parsed, depth: number): Measured {
  const entries = new Map<string, MapEntry>()
  const merged: Node[] = []
  const parts: Measured[] = []
  for (const pair of node.items as Pair<ParsedNode, ParsedNode | null>[]) {
    const spot = spotOf(work, pair.key)
    const key = keyText(work, pair.key, spot)
    const part = compose(work, pair.value, depth + 1)
    const value = part.node.start === 0 && pair.value === null ? { ...part.node, start: spot.end, end: spot.end } : part.node
    parts.push(part)
    const first = key === undefined ? undefined : entries.get(key)
    if (key === undefined) work.partial = true
    else if (key === "<<" && isScalar(pair.key) && pair.key.type === "PLAIN") merged.push(value)
    else if (first === undefined) entries.set(key, { key: spot, value })
    else {
      report(work, duplicateKey(key, spot, first))
      entries.set(key, eitherOf(first, value, depth))
    }
  }
  mergeInto(work, entries, merged)
  const made: MapNode = { kind: "map", ...spotOf(work, node), entries }
  return { node: made, ...measure(parts) }
}

function keyText(work: Composition, key: ParsedNode, spot: Spot): string | undefined {
  const name = !isScalar(key) ? undefined : key.type === "PLAIN" ? key.source : String(key.value)
  const range = spotRange(spot)
  if (name?.includes("\0")) report(work, error("control-character", "a key holds a NUL character", { hint: "take `\\0` out", range }))
  else if (name !== undefined && name !== "") return name
  else report(work, error("bad-key", name === "" ? "a key is empty" : "a key must be a text", { hint: "write `name: value`", range }))
  return undefined
}

/** Which of two values is meant is not known: it is as if none stood here. Of two sections all names are taken. */
function eitherOf({ key, value: first }: MapEntry, second: Node, depth: number): MapEntry {
  if (depth > 0 || first.kind !== "map" || second.kind !== "map") return { key, value: failedNode(first) }
  const entries = new Map(first.entries)
  for (const [name, entry] of second.entries) {
    const other = entries.get(name)
    entries.set(name, other === undefined ? entry : eitherOf(other, entry.value, depth + 1))
  }
  return { key, value: { ...first, entries } }
}

function duplicateKey(key: string, spot: Spot, first: MapEntry): Diagnostic {
  const { line } = positionAt(first.key.file, first.key.start)
  return error("duplicate-key", `key \`${key}\` stands twice in one map`, {
    hint: `the first is in line ${line}: take one out`,
    range: spotRange(spot),
  })
}

/** `<<: *a` and `<<: [*a, *b]`: own keys win, then the earlier map. https://yaml.org/type/merge.html */
function mergeInto(work: Composition, entries: Map<string, MapEntry>, merged: readonly Node[]): void {
  for (const source of merged.flatMap((m) => (m.kind === "list" ? m.items : [m]))) {
    if (source.kind === "map") {
      for (const [key, entry] of source.entries) if (!entries.has(key)) entries.set(key, entry)
      continue
    }
    work.partial = true
    if (!isFailed(source)) {
      const hint = "write `<<: *name`, or `<<: [*one, *two]`"
      report(work, error("bad-merge", "a merge key takes a map or a list of maps", { hint, range: spotRange(source) }))
    }
  }
}
