import { printable } from "./printable.ts"

/** Columns as wide as their widest cell, two blanks between; the last is not padded. Cells hold no line breaks. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = widthsOf(rows)
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("")
}

/** The same of what others have named, such as a link in a container: nothing that would steer a terminal gets through. */
export function plainTable(rows: readonly (readonly string[])[]): string {
  return table(rows.map((row) => row.map(printable)))
}

/** What stands in the last column: parts with two blanks between. */
export interface PartedRow {
  cells: readonly string[]
  parts: readonly string[]
}

/** The last column has so much at the least, and the first one: with less of either each row is a paragraph. */
const LEAST_ROOM = 24
const LEAST_FIRST = 12
/** What stands below the first line of a paragraph is so much deeper. */
const DEEPER = 4

/** A table with parts in its last column. What `columns` (of the terminal) leave no room for goes on in the next line, below the first part. */
export function partedTable(head: readonly string[], rows: readonly PartedRow[], columns?: number): string {
  return partedRows([{ cells: head.slice(0, -1), parts: head.slice(-1) }, ...rows], columns)
}

/** The same without a head. What others have named steers no terminal here either. */
export function partedRows(named: readonly PartedRow[], columns = Number.POSITIVE_INFINITY): string {
  const rows = named.map(({ cells, parts }) => ({ cells: cells.map(printable), parts: parts.map(printable).filter(Boolean) }))
  const [first = 0, ...others] = widthsOf(rows.map(({ cells }) => cells))
  const most = columns - LEAST_ROOM - others.reduce((sum, width) => sum + width + 2, 2)
  if (first > most && most < LEAST_FIRST) return rows.map((row) => paragraph(row, columns)).join("")
  const fitting = rows.map(({ cells: [cell = ""] }) => cell.length).filter((width) => width <= most)
  const widths = [Math.max(0, ...fitting), ...others]
  const room = columns - widths.reduce((sum, width) => sum + width + 2, 0)
  return rows.map((row) => (fits(row, widths, room) ? inColumns(row, widths, room) : paragraph(row, columns))).join("")
}

function fits({ cells, parts }: PartedRow, [first = 0]: readonly number[], room: number): boolean {
  return (cells[0] ?? "").length <= first && parts.every((part) => part.split(" ").every((word) => word.length <= room))
}

function inColumns({ cells, parts }: PartedRow, widths: readonly number[], room: number): string {
  const [first = "", ...more] = folded(parts, room, "  ")
  const line = (own: readonly string[], text: string) =>
    `${[...widths.map((width, i) => (own[i] ?? "").padEnd(width)), text].join("  ").trimEnd()}\n`
  return [line(cells, first), ...more.map((text) => line([], text))].join("")
}

/** A row for which the columns have no room. */
function paragraph({ cells, parts }: PartedRow, columns: number): string {
  const below = folded(parts, columns - DEEPER, "  ").map((text) => " ".repeat(DEEPER) + text)
  return [...folded(cells.filter(Boolean), columns, "  "), ...below].map((text) => `${text}\n`).join("")
}

/** Lines of as many parts as there is room for; a part that is too long by itself has lines of its own, and is broken behind its commas, else at its blanks. */
function folded(parts: readonly string[], room: number, gap: string): string[] {
  const lines: string[] = []
  for (const part of parts) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + gap.length + part.length <= room) lines[lines.length - 1] = `${last}${gap}${part}`
    else if (part.length > room && part.includes(" ")) lines.push(...folded(part.split(part.includes(", ") ? /(?<=,) / : " "), room, " "))
    else lines.push(part)
  }
  return lines
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = []
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return widths
}
