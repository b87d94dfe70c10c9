import type { YAMLParseError, YAMLWarning } from "yaml"
import type { Diagnostic } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import type { SourceFile } from "./source.ts"
import { rangeAt } from "./source.ts"
import type { Openings } from "./unclosed.ts"
import { lastUnclosed } from "./unclosed.ts"

/** What the YAML library says of a text. */
export type Problem = YAMLParseError | YAMLWarning

/** A mistake of syntax in words for who writes stack files, and the stretch that it is at, where the library tells another. */
interface Told {
  summary: string
  hint?: string
  at?: readonly [start: number, end: number]
}

interface Spot {
  text: string
  /** Where the library saw it. */
  start: number
  end: number
  openings: Openings
}

type Teller = (match: RegExpExecArray, spot: Spot) => Told

/** The YAML library's messages (as of its version 2.9), which speak of tokens and nodes, and what is said instead. */
const TELLERS: readonly (readonly [RegExp, Teller])[] = [
  [/^Missing closing (['"])quote/, unclosedQuote],
  [/end with a ([\]}])$/, unclosedBracket],
  [/^Implicit (?:map )?keys need to be/, keyWithoutColon],
  [/^Nested mappings are not allowed/, secondValue],
  [/^Unexpected block-seq-ind on same line/, () => ({ summary: "a list with dashes begins on a line of its own", hint: LIST })],
  [/^Unexpected (?:flow-seq|flow-map)-end token/, strayBracket],
  [/^Unexpected .* at node end/, behindValue],
  [/^Unexpected , in/, () => ({ summary: "a comma with nothing before it", hint: "take it out" })],
  [/^A block sequence may not be used/, (_, spot) => ({ ...outOfColumn("this `-`"), ...firstOfLine(spot) })],
  [/items must start at the same column/, (_, spot) => ({ ...outOfColumn("this line"), ...firstOfLine(spot) })],
  [/^Block collections are not allowed within flow/, () => ({ summary: "a `,` is missing in this", hint: COMMAS })],
  [/^Missing , (?:or : )?between/, () => ({ summary: "a `,` is missing before this", hint: COMMAS })],
  [/^Invalid escape sequence (\\.)/, ([, wrong]) => ({ summary: `${wrong} is no escape of YAML's`, hint: ESCAPES })],
  [/^(?:Block scalar header|Not a YAML token)/, () => ({ summary: "nothing else stands on the line of a `|` or `>`", hint: BLOCK })],
  [/^Plain value cannot start with .*(\S)$/, ([, sign]) => ({ summary: `a text without quotes cannot begin with ${sign}`, hint: QUOTE })],
  [
    /^Alias cannot be an empty/,
    () => ({ summary: "a `*` without the name of an anchor", hint: "quote the text, or name an anchor: *name" }),
  ],
  [/^Anchor cannot be an empty/, () => ({ summary: "a `&` without a name", hint: "quote the text, or name the anchor: &name" })],
  [/^A node can have at most one/, () => ({ summary: "two anchors or tags in one place", hint: "take one out" })],
  [
    /^Comments must be separated/,
    () => ({ summary: "a comment begins with a blank before its `#`", hint: "write ` #`, or quote the text" }),
  ],
  [/^Tabs are not allowed/, () => ({ summary: "tabs are not allowed as indentation", hint: "YAML is indented with spaces" })],
]

const LIST = "write it below, indented: `- item`; or in brackets: [one, two]"
const COMMAS = "within [ ] and { } what stands side by side has a `,` between"
const ESCAPES = "within \"quotes\" a backslash is written \\\\; within 'quotes' it stands for itself"
const BLOCK = "begin the text on the next line, indented deeper than its key"
const QUOTE = 'put it in "quotes"'

/** One mistake that the library found. */
export function syntaxError(file: SourceFile, problem: Problem, openings: Openings): Diagnostic {
  const { code, message, pos } = problem
  const spot = { text: file.text, start: pos[0], end: pos[1], openings }
  const told = code === "TAG_RESOLVE_FAILED" ? UNKNOWN_TAG : file.text.startsWith("${", pos[0] - 1) ? BARE_VARIABLE : tell(message, spot)
  const { hint } = told
  const [start, end] = told.at ?? pos
  return error(told === UNKNOWN_TAG ? "unknown-tag" : "yaml-syntax", told.summary, {
    ...(hint === undefined ? {} : { hint }),
    range: rangeAt(file, Math.min(start, file.text.length), Math.min(end, file.text.length)),
  })
}

const UNKNOWN_TAG: Told = { summary: "this tag is not known", hint: "stack files need no tags (`!…`): take it out, or quote the text" }

const BARE_VARIABLE: Told = {
  summary: "this brace begins a map, and no variable",
  hint: `within [ ] and { }, a variable needs quotes: "$\{name}"`,
}

function tell(message: string, spot: Spot): Told {
  const [line = ""] = message.split("\n")
  const plain = line.replace(/ at line \d+, column \d+:?$/, "")
  for (const [pattern, teller] of TELLERS) {
    const match = pattern.exec(plain)
    if (match !== null) return teller(match, spot)
  }
  const summary = /^[A-Z][a-z]/.test(plain) ? `${plain.charAt(0).toLowerCase()}${plain.slice(1)}` : plain
  return { summary, hint: 'a text with signs that mean something to YAML needs "quotes"' }
}

function unclosedQuote([, quote = "'"]: RegExpExecArray, { openings, end }: Spot): Told {
  const opened = lastUnclosed(openings, quote, end)
  const inside = quote === "'" ? "within it a ' is written twice" : 'within it a " is written \\"'
  return {
    summary: `this ${quote} is not closed`,
    hint: `end the text with another ${quote}; ${inside}`,
    ...(opened === undefined ? {} : { at: [opened, opened + 1] }),
  }
}

function unclosedBracket([, closing = "]"]: RegExpExecArray, { openings, end }: Spot): Told {
  const sign = closing === "]" ? "[" : "{"
  const opened = lastUnclosed(openings, sign, end)
  return {
    summary: `this ${sign} is not closed`,
    hint: `end it with ${closing}; every line of it is indented deeper than the key that it is the value of`,
    ...(opened === undefined ? {} : { at: [opened, opened + 1] }),
  }
}

/** `command sleep`, `-item`, or a text that should stand deeper. */
function keyWithoutColon(_: RegExpExecArray, { text, start }: Spot): Told {
  const line = lineAt(text, start).trimEnd()
  const at = [start, start + line.length] as const
  if (/^-\S/.test(line)) return { summary: "a `-` without a blank behind it", hint: `write \`- ${line.slice(1)}\``, at }
  const [, key, value = ""] = /^([A-Za-z_][\w-]*)(?:(?:\s+|:)(\S.*))?$/.exec(line) ?? []
  const hint = key === undefined ? "write `key: value`" : `write \`${`${key}: ${value}`.trimEnd()}\``
  return { summary: "a key without a `:` and a blank behind it", hint: `${hint}; what goes on from the line above is indented deeper`, at }
}

/** `hostname: a: b`, or a line that is deeper than a value that was complete before it. */
function secondValue(_: RegExpExecArray, spot: Spot): Told {
  if (/:(\s|$)/.test(lineAt(spot.text, spot.start)))
    return {
      summary: "a second `: ` in one line",
      hint: 'a text with `: ` in it needs "quotes"; a map within a map begins on a line of its own',
    }
  const [gap = ""] = /^[^\n]*\n\s*/.exec(spot.text.slice(spot.start)) ?? []
  const next = spot.start + gap.length
  return {
    summary: "this line is indented deeper than those above",
    hint: "keys of one map begin in one column",
    at: [next, next + lineAt(spot.text, next).trimEnd().length],
  }
}

function strayBracket(_: RegExpExecArray, { text, start }: Spot): Told {
  const closing = text.charAt(start)
  return { summary: `this ${closing} closes nothing`, hint: `take it out, or write the ${closing === "]" ? "[" : "{"} that it ends` }
}

function behindValue(_: RegExpExecArray, { text, start }: Spot): Told {
  const before = text.slice(0, start).trimEnd().at(-1) ?? ""
  const hints: { readonly [sign: string]: string } = {
    "'": "within 'quotes' a ' is written twice: 'it''s'",
    '"': 'within "quotes" a " is written \\"',
    "]": "write it within the brackets, or take it out",
    "}": "write it within the braces, or take it out",
  }
  return { summary: "nothing more can stand here: the value has ended before", hint: hints[before] ?? 'put the whole text in "quotes"' }
}

function outOfColumn(what: string): Told {
  return {
    summary: `${what} begins in another column than those above`,
    hint: "keys of one map, and dashes of one list, begin in one column",
  }
}

/** From the first sign of a line on, where the library tells the line's beginning. */
function firstOfLine({ text, start }: Spot): Pick<Told, "at"> {
  const line = lineAt(text, start)
  const first = start + line.length - line.trimStart().length
  return { at: [first, start + Math.max(line.trimEnd().length, 1)] }
}

function lineAt(text: string, offset: number): string {
  const end = text.indexOf("\n", offset)
  return text.slice(offset, end < 0 ? text.length : end)
}
