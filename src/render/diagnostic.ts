import type { Diagnostic, Range } from "../base/diagnostic.ts"
import { printable } from "./printable.ts"

/** Columns that a source line may take at most, and on a narrow terminal at least; what is longer is shown around its spot. */
const WIDTH = 120
const LEAST_WIDTH = 20
const TAB = 4

type Paint = (kind: "error" | "warning" | "mark" | "hint" | "quiet" | "strong", text: string) => string

const CODES = { error: "1;31", warning: "1;33", mark: "1;31", hint: "36", quiet: "2", strong: "1" } as const

/**
 * Diagnostics as text, each with its place, the line itself and a mark under the spot:
 *
 *     stack.yaml:12:7: error: unknown key `memroy` in limits of container.web
 *       12 |       memroy: 64M
 *          |       ^^^^^^
 *       hint: did you mean `memory`?
 *
 * `sources` are the texts by file name, `columns` those of the terminal, if it is one: a mark that wraps is under nothing. Ends with a line break unless there is nothing to say.
 */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  { color, columns = Number.POSITIVE_INFINITY }: { color: boolean; columns?: number },
): string {
  const paint: Paint = (kind, text) => (color ? `\u001b[${CODES[kind]}m${text}\u001b[0m` : text)
  const lines = new Map<string, string[]>()
  const lineOf = ({ file, start }: Range): string | undefined => {
    const text = sources.get(file)
    if (text === undefined) return undefined
    if (!lines.has(file)) lines.set(file, text.split("\n"))
    return lines.get(file)?.[start.line - 1]
  }
  return diagnostics.map((diagnostic) => render(diagnostic, lineOf, columns, paint)).join("")
}

function render(diagnostic: Diagnostic, lineOf: (range: Range) => string | undefined, columns: number, paint: Paint): string {
  const { severity, summary, detail, hint, range } = diagnostic
  const line = range === undefined ? undefined : lineOf(range)
  const parts = [
    `${place(diagnostic, paint)}${paint(severity, `${severity}:`)} ${paint("strong", printable(summary))}`,
    ...(range === undefined || line === undefined ? [] : frame(...nearby(line.replace(/\r$/, ""), range), columns, paint)),
    ...(detail === undefined
      ? []
      : detail
          .trimEnd()
          .split("\n")
          .map((text) => `  ${printable(text)}`)),
    ...(hint === undefined ? [] : hint.split("\n").map((text, i) => `  ${i === 0 ? paint("hint", "hint:") : "     "} ${printable(text)}`)),
  ]
  return parts.map((part) => `${part}\n`).join("")
}

/** `FILE:LINE:COLUMN: `, or the resource where there is no place. */
function place({ range, address, summary }: Diagnostic, paint: Paint): string {
  if (range !== undefined) return paint("strong", `${printable(range.file)}:${range.start.line}:${range.start.column}: `)
  return address === undefined || summary.includes(address) ? "" : paint("strong", `${printable(address)}: `)
}

/** Of a line that is longer than anyone reads, what is around the spot: measuring all of it would take its time. */
function nearby(line: string, range: Range): [line: string, range: Range] {
  const cut = range.start.column - 1 - 4 * WIDTH
  if (line.length <= 16 * WIDTH) return [line, range]
  const from = Math.max(0, cut)
  const moved = (position: Range["end"], same: boolean) => ({ ...position, column: same ? position.column - from : position.column })
  const { start, end } = range
  return [line.slice(from, from + 12 * WIDTH), { ...range, start: moved(start, true), end: moved(end, end.line === start.line) }]
}

/** The line and the mark under the spot; a spot of several lines is marked to the end of its first. */
function frame(line: string, { start, end }: Range, columns: number, paint: Paint): string[] {
  const from = Math.min(start.column - 1, line.length)
  const to = end.line === start.line ? Math.min(Math.max(end.column - 1, from + 1), line.length + 1) : line.trimEnd().length
  const spot = Math.max(widthOf(line.slice(from, to), widthOf(line.slice(0, from), 0)) - widthOf(line.slice(0, from), 0), 1)
  const number = String(start.line).padStart(4)
  const room = Math.max(LEAST_WIDTH, Math.min(WIDTH, columns - `${number} | `.length))
  const window = around(expanded(line), widthOf(line.slice(0, from), 0), spot, room)
  const bar = (label: string) => paint("quiet", `${label} |`)
  const mark = `${" ".repeat(window.offset)}${paint("mark", "^".repeat(window.length))}`
  return [`${bar(number)} ${window.text}`.trimEnd(), `${bar(" ".repeat(number.length))} ${mark}`]
}

/** Columns that a text takes when it begins at a column: tabs up to the next stop, wide letters two, combining marks none. */
function widthOf(text: string, column: number): number {
  let at = column
  for (const character of text) at += character === "\t" ? TAB - (at % TAB) : cells(character)
  return at
}

function expanded(line: string): string {
  let text = ""
  let at = 0
  for (const character of line) {
    const width = character === "\t" ? TAB - (at % TAB) : cells(character)
    text += character === "\t" ? " ".repeat(width) : printable(character)
    at += width
  }
  return text
}

/** East Asian Width W and F, and emoji, take two cells; marks that combine and joiners none. UAX #11 */
function cells(character: string): number {
  if (character <= "\u007e") return 1
  if (/^(\p{Mn}|\p{Me}|[\u200b-\u200d])$/u.test(character)) return 0
  const wide =
    /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]$/
  return wide.test(character) || /^\p{Emoji_Presentation}$/u.test(character) || (character.codePointAt(0) as number) >= 0x20000 ? 2 : 1
}

/** A stretch of a long line that has the spot in it, and takes no more than `room`. `offset` and `length` are cells in that stretch. */
function around(text: string, start: number, length: number, room: number): { text: string; offset: number; length: number } {
  const width = widthOf(text, 0)
  if (Math.max(width, start + 1) <= room) return { text, offset: start, length }
  const from = Math.max(0, Math.min(start - Math.floor(room / 4), width - room + 2))
  const cut = cellSlice(text, from, from + room - 2)
  const head = from > 0 ? "…" : ""
  const tail = width > from + room - 2 ? "…" : ""
  const offset = start - cut.from + head.length
  return { text: `${head}${cut.text}${tail}`, offset, length: Math.min(length, Math.max(1, widthOf(cut.text, 0) + head.length - offset)) }
}

function cellSlice(text: string, from: number, to: number): { text: string; from: number } {
  let at = 0
  let found = ""
  let first: number | undefined
  for (const character of text) {
    const width = cells(character)
    if (at >= from && at + width <= to) {
      first ??= at
      found += character
    }
    at += width
  }
  return { text: found, from: first ?? from }
}
