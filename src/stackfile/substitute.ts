import type { Diagnostic, Range } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import type { Piece } from "./interpolate.ts"
import { hasVariables, piecesOf } from "./interpolate.ts"
import type { MapEntry, MapNode, Node, ScalarNode } from "./node.ts"
import { spotRange } from "./node.ts"
import { rangeAt } from "./source.ts"
import type { Variables } from "./variables.ts"
import { INDEX } from "./variables.ts"

/** A tree with its variables replaced. */
export interface Substituted {
  node: Node
  /** Some text of it holds `${index}`, which is still there. */
  indexed: boolean
}

/** How a text with variables is put together. */
export interface Manner {
  /** `${index}` may stand here. */
  replicated: boolean
  /** What it stands for; absent: a text that holds it stays as it is. */
  index?: string
  /** What becomes of every other part of a text that holds a variable. */
  spelt?: (text: string) => string
}

/** What one substitution shares. */
interface Work extends Manner {
  variables: Variables
  diagnostics: Diagnostic[]
  indexed: boolean
  done: Map<Node, Node>
  refused: number
}

/** Mistakes that one substitution tells. */
const MAX_REFUSED = 100

/** Replaces the variables in every text of a tree. */
export function substitute(node: Node, variables: Variables, diagnostics: Diagnostic[], manner: Manner): Substituted {
  const work: Work = { ...manner, variables, diagnostics, indexed: false, done: new Map(), refused: 0 }
  const replaced = walk(work, node)
  return { node: replaced, indexed: work.indexed }
}

function walk(work: Work, node: Node): Node {
  if (node.kind === "scalar") return typeof node.value === "string" && hasVariables(node.value) ? replaced(work, node, node.value) : node
  const known = work.done.get(node)
  if (known !== undefined) return known
  const made = node.kind === "list" ? walkList(work, node) : walkMap(work, node)
  work.done.set(node, made)
  return made
}

function walkList(work: Work, node: Node & { kind: "list" }): Node {
  const items = node.items.map((item) => walk(work, item))
  return items.some((item, i) => item !== node.items[i]) ? { ...node, items } : node
}

function walkMap(work: Work, node: MapNode): Node {
  let changed = false
  const entries = new Map<string, MapEntry>()
  for (const [key, entry] of node.entries) {
    const value = walk(work, entry.value)
    changed ||= value !== entry.value
    entries.set(key, value === entry.value ? entry : { key: entry.key, value })
  }
  return changed ? { ...node, entries } : node
}

/** The text with its values. Without quotes, what comes out as a number or a truth value is one. */
function replaced(work: Work, node: ScalarNode, text: string): ScalarNode {
  const before = work.refused
  const left = work.indexed
  work.indexed = false
  const result = joined(work, node, piecesOf(text))
  const waits = work.indexed
  work.indexed ||= left
  if (work.refused > before) return { ...node, failed: true }
  if (waits) return node
  return { ...node, source: result, substituted: true, value: node.plain ? plainValue(result) : result }
}

function plainValue(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true"
  return /^[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(text) ? Number(text) : text
}

function joined(work: Work, node: ScalarNode, pieces: readonly Piece[]): string {
  const spelt = work.spelt ?? ((text: string) => text)
  return pieces
    .map((piece) => {
      if (piece.kind === "text") return spelt(piece.text)
      const isIndex = piece.kind === "variable" && piece.name === INDEX && work.replicated
      return isIndex ? indexOf(work) : spelt(pieceValue(work, node, piece))
    })
    .join("")
}

function indexOf(work: Work): string {
  if (work.index === undefined) work.indexed = true
  return work.index ?? ""
}

function pieceValue(work: Work, node: ScalarNode, piece: Exclude<Piece, { kind: "text" }>): string {
  if (piece.kind === "wrong") return refuse(work, node, piece, notUnderstood(node, piece))
  const { name, fallback } = piece
  const { variables } = work
  variables.used.add(name)
  if (variables.mistaken.has(name)) {
    work.refused++
    return ""
  }
  const value = variables.values.get(name)
  if (value !== undefined && (value !== "" || fallback === undefined)) return value
  if (fallback !== undefined) return fallbackValue(work, node, fallback)
  return refuse(work, node, piece, variables.unset.has(name) ? unsetVariable(name) : unknownVariable(name, variables))
}

/** Put together first and spelt afterwards, as one part. */
function fallbackValue(work: Work, node: ScalarNode, fallback: readonly Piece[]): string {
  const { spelt } = work
  delete work.spelt
  const value = joined(work, node, fallback)
  if (spelt !== undefined) work.spelt = spelt
  return value
}

interface Words {
  code: string
  summary: string
  hint: string
}

function refuse(work: Work, node: ScalarNode, piece: { start: number; end: number }, { code, summary, hint }: Words): string {
  if (++work.refused <= MAX_REFUSED) work.diagnostics.push(error(code, summary, { hint, range: pieceRange(node, piece) }))
  return ""
}

function notUnderstood(node: ScalarNode, { problem, start }: Piece & { kind: "wrong" }): Words {
  return {
    code: "bad-variable",
    summary: `\`${String(node.value).slice(start, start + 40)}\` ${problem}`,
    hint: `write $\{name}, $\{name:-fallback}, or $$ for a dollar sign`,
  }
}

function unsetVariable(name: string): Words {
  const hint = `give it one with --var ${name}=VALUE, or a default under \`variables:\``
  return { code: "unset-variable", summary: `variable \`${name}\` has no value`, hint }
}

function unknownVariable(name: string, { values, unset, suggest }: Variables): Words {
  if (name === INDEX) {
    const summary = "`index` is the number of a replica: it stands only in a container with `replicas`"
    return { code: "unknown-variable", summary, hint: "add `replicas`, or write the number" }
  }
  const near = suggest(name, [...values.keys(), ...unset])
  const hint =
    near === undefined ? `declare it under \`variables:\`, or write $\${${name}} for the text itself` : `did you mean \`${near}\`?`
  return { code: "unknown-variable", summary: `no variable \`${name}\``, hint }
}

/** The very `${…}` where the text stands in the file as it is; else the whole text. */
function pieceRange(node: ScalarNode, { start, end }: { start: number; end: number }): Range {
  const written = node.file.text.slice(node.start, node.end)
  const wanted = String(node.value).slice(start, end)
  const at = written.indexOf(wanted, start)
  return at < 0 ? spotRange(node) : rangeAt(node.file, node.start + at, node.start + at + wanted.length)
}
