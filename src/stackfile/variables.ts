import type { Diagnostic, Range } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import type { Piece } from "./interpolate.ts"
import { hasVariables, piecesOf } from "./interpolate.ts"
import type { MapEntry, MapNode, Node, ScalarNode } from "./node.ts"
import { child, spotRange } from "./node.ts"
import { rangeAt } from "./source.ts"
import type { Suggest } from "./suggest.ts"

/** Where a variable's value may come from, the strongest first. */
export interface Assigned {
  name: string
  value: string
  /** For messages: `--var`, a file's name. */
  from: string
  range?: Range
  /** A name that the file does not know is a mistake. */
  strict: boolean
}

interface Declared {
  entry: MapEntry
  value: string | undefined
  from: Assigned | undefined
}

/** The values of a stack's variables. */
export interface Variables {
  values: ReadonlyMap<string, string>
  /** Declared, but nobody gives a value. */
  unset: ReadonlySet<string>
  /** Their value or declaration is wrong, which has been told: what they stand in is left out. */
  mistaken: ReadonlySet<string>
  used: Set<string>
  suggest: Suggest
}

/** The number of a replica: known only where a container has `replicas`. */
export const INDEX = "index"

/** Joins what `variables:` declares with what is assigned; a later assignment is weaker. */
export function resolveVariables(
  declarations: Node | undefined,
  assigned: readonly Assigned[],
  diagnostics: Diagnostic[],
  suggest: Suggest,
): Variables {
  const strongest = new Map<string, Assigned>()
  for (const one of assigned) if (!strongest.has(one.name)) strongest.set(one.name, one)
  const values = new Map([...strongest.values()].map((one): [string, string] => [one.name, one.value]))
  const unset = new Set<string>()
  const mistaken = new Set<string>()
  for (const [name, declared] of declarationsOf(declarations, strongest)) {
    const problem = name === INDEX ? reserved(declared.entry) : mismatch(name, declared)
    if (problem !== undefined) diagnostics.push(problem)
    if (problem !== undefined) mistaken.add(name)
    if (declared.value === undefined) unset.add(name)
    else values.set(name, declared.value)
  }
  return { values, unset, mistaken, used: new Set(), suggest }
}

function declarationsOf(declarations: Node | undefined, assigned: ReadonlyMap<string, Assigned>): Map<string, Declared> {
  const found = new Map<string, Declared>()
  if (declarations?.kind !== "map") return found
  for (const [name, entry] of declarations.entries) {
    if (name.startsWith("x-")) continue
    const from = assigned.get(name)
    const fallback = entry.value.kind === "map" ? child(entry.value, "default") : entry.value
    const text = fallback?.kind === "scalar" && fallback.value !== null ? fallback.source : undefined
    found.set(name, { entry, value: from?.value ?? text, from })
  }
  return found
}

function reserved({ key }: MapEntry): Diagnostic {
  return error("reserved-name", "`index` is the number of a replica", { hint: "call the variable something else", range: spotRange(key) })
}

/** A value that the declaration's pattern does not allow. */
function mismatch(name: string, { entry, value, from }: Declared): Diagnostic | undefined {
  const pattern = child(entry.value, "pattern")
  if (pattern?.kind !== "scalar" || typeof pattern.value !== "string") return undefined
  const expression = expressionOf(pattern.value)
  if (expression === undefined) {
    return error("bad-pattern", `the pattern of variable ${name} cannot be used`, {
      hint: "write one as JavaScript reads it, without repetitions of repetitions: '^[0-9]+[KMG]$'",
      range: spotRange(pattern),
    })
  }
  if (value === undefined || (value.length <= MAX_VALUE && expression.test(value))) return undefined
  const fallback = child(entry.value, "default")
  const range = from === undefined ? spotRange(fallback ?? entry.key) : (from.range ?? spotRange(entry.key))
  const source = from === undefined ? "its default" : from.from
  return error(
    "bad-variable",
    `variable ${name} (${source}): ${value.length > MAX_VALUE ? `more than ${MAX_VALUE} characters do` : `\`${value}\` does`} not match ${pattern.value}`,
    {
      ...(description(entry) === undefined ? {} : { detail: description(entry) as string }),
      hint: "give it a value that matches the pattern",
      range,
    },
  )
}

function description(entry: MapEntry): string | undefined {
  const node = child(entry.value, "description")
  return node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined
}

/** What may take for ever on a text that does not match (a repeated group with a choice or repetition in it) is not taken. */
function expressionOf(pattern: string): RegExp | undefined {
  if (pattern.length > 512 || repeatsRepetition(pattern)) return undefined
  try {
    return new RegExp(pattern, "u")
  } catch {
    return undefined
  }
}

/** Repetitions without a bound in one pattern: of each more, the time to see that a text does not match grows by its length. */
const MAX_REPETITIONS = 5
/** Characters of a value that a pattern is tried on. */
const MAX_VALUE = 128

function repeatsRepetition(pattern: string): boolean {
  const groups: boolean[] = [false]
  let repetitions = 0
  const bare = pattern.replace(/\\./g, "_").replace(/\[[^\]]*\]/g, "_")
  for (let i = 0; i < bare.length; i++) {
    const character = bare.charAt(i)
    if ("*+{".includes(character)) repetitions++
    if (character === "(") groups.push(false)
    else if ("*+{|".includes(character)) groups[groups.length - 1] = true
    else if (character === ")") {
      const varies = groups.pop() ?? false
      if (varies && /[*+{]/.test(bare.charAt(i + 1))) return true
      if (varies && groups.length > 0) groups[groups.length - 1] = true
    }
  }
  return repetitions > MAX_REPETITIONS
}

/** Assignments to names that nobody declared or used: most likely a slip of the pen. */
export function unusedAssignments(assigned: readonly Assigned[], { used, suggest }: Variables, declared: Node | undefined): Diagnostic[] {
  const names = declared?.kind === "map" ? [...declared.entries.keys()] : []
  const known = new Set([...names, ...used])
  return assigned
    .filter((one) => one.strict && !known.has(one.name))
    .map((one) => {
      const near = suggest(one.name, known)
      const hint = near === undefined ? `declare it under \`variables:\`, or leave it out` : `did you mean \`${near}\`?`
      return error("unknown-variable", `${one.from}: the stack file has no variable \`${one.name}\``, {
        hint,
        ...(one.range === undefined ? {} : { range: one.range }),
      })
    })
}

/** A tree with its variables replaced. */
export interface Substituted {
  node: Node
  /** Some text of it holds `${index}`, which is still there. */
  indexed: boolean
}

/** What one substitution shares. */
interface Work {
  variables: Variables
  /** The replica's number, or undefined while it is not known. */
  index: string | undefined
  /** `${index}` may stand here. */
  replicated: boolean
  diagnostics: Diagnostic[]
  indexed: boolean
  done: Map<Node, Node>
  refused: number
}

/** Mistakes that one substitution tells. */
const MAX_REFUSED = 100

/** Replaces the variables in every text of a tree. `index`: the number of the replica; absent: `${index}` is left, if allowed. */
export function substitute(
  node: Node,
  variables: Variables,
  diagnostics: Diagnostic[],
  replica: { index?: number; allowed: boolean },
): Substituted {
  const index = replica.index === undefined ? undefined : String(replica.index)
  const work: Work = { variables, index, replicated: replica.allowed, diagnostics, indexed: false, done: new Map(), refused: 0 }
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
  return pieces.map((piece) => (piece.kind === "text" ? piece.text : pieceValue(work, node, piece))).join("")
}

function pieceValue(work: Work, node: ScalarNode, piece: Exclude<Piece, { kind: "text" }>): string {
  const refuse = (code: string, summary: string, hint: string): string => {
    if (++work.refused <= MAX_REFUSED) work.diagnostics.push(error(code, summary, { hint, range: pieceRange(node, piece) }))
    return ""
  }
  if (piece.kind === "wrong")
    return refuse(
      "bad-variable",
      `\`${(node.value as string).slice(piece.start, piece.start + 40)}\` ${piece.problem}`,
      `write $\{name}, $\{name:-fallback}, or $$ for a dollar sign`,
    )
  const { name, fallback } = piece
  if (name === INDEX && work.replicated) {
    if (work.index === undefined) work.indexed = true
    return work.index ?? ""
  }
  work.variables.used.add(name)
  if (work.variables.mistaken.has(name)) work.refused++
  const value = work.variables.values.get(name)
  if (value !== undefined && (value !== "" || fallback === undefined)) return value
  if (fallback !== undefined) return joined(work, node, fallback)
  if (work.variables.unset.has(name))
    return refuse(
      "unset-variable",
      `variable \`${name}\` has no value`,
      `give it one with --var ${name}=VALUE, or a default under \`variables:\``,
    )
  if (name === INDEX)
    return refuse(
      "unknown-variable",
      "`index` is the number of a replica: it stands only in a container with `replicas`",
      "add `replicas`, or write the number",
    )
  const near = work.variables.suggest(name, [...work.variables.values.keys(), ...work.variables.unset])
  return refuse(
    "unknown-variable",
    `no variable \`${name}\``,
    near === undefined ? `declare it under \`variables:\`, or write $\${${name}} for the text itself` : `did you mean \`${near}\`?`,
  )
}

/** The very `${…}` where the text stands in the file as it is; else the whole text. */
function pieceRange(node: ScalarNode, { start, end }: { start: number; end: number }): Range {
  const written = node.file.text.slice(node.start, node.end)
  const wanted = String(node.value).slice(start, end)
  const at = written.indexOf(wanted)
  return at < 0 ? spotRange(node) : rangeAt(node.file, node.start + at, node.start + at + wanted.length)
}
