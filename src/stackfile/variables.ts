import type { Diagnostic, Range } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import type { MapEntry, Node } from "./node.ts"
import { child, isFailed, spotRange } from "./node.ts"
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
  /** Its value stands in the file, but is mistaken, which has been told. */
  failed: boolean
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
    if (problem !== undefined || declared.failed) mistaken.add(name)
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
    found.set(name, { entry, value: from?.value ?? text, from, failed: from === undefined && isFailed(fallback) })
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

/** Characters of a value that a pattern is tried on. */
const MAX_VALUE = 128
/**
 * How often the ways to see that a text does not match may double in one pattern: a repetition without a bound multiplies them by
 * somewhat less than the text's length, what may be missing doubles them.
 */
const MAX_DOUBLINGS = 25
const DOUBLINGS: { readonly [quantifier: string]: number } = { "*": 5, "+": 5, "{": 5, "?": 1 }

function repeatsRepetition(pattern: string): boolean {
  const groups: boolean[] = [false]
  let doublings = 0
  const bare = pattern.replace(/\\./g, "_").replace(/\[[^\]]*\]/g, "_")
  for (let i = 0; i < bare.length; i++) {
    const character = bare.charAt(i)
    // Behind a bracket or a quantifier, `?` is a word of the syntax: `(?:`, `*?`.
    const quantifies = character === "?" ? i > 0 && !"(*+}?".includes(bare.charAt(i - 1)) : "*+{".includes(character)
    if (quantifies) doublings += DOUBLINGS[character] ?? 0
    if (character === "(") groups.push(false)
    else if (quantifies || character === "|") groups[groups.length - 1] = true
    else if (character === ")") {
      const varies = groups.pop() ?? false
      if (varies && /[*+{]/.test(bare.charAt(i + 1))) return true
      if (varies && groups.length > 0) groups[groups.length - 1] = true
    }
  }
  return doublings > MAX_DOUBLINGS
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
