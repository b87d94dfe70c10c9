import { printable } from "./printable.ts"

/** Columns as wide as their widest cell, two blanks between; the last is not padded. Cells hold no line breaks. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
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

/** Below so many columns nothing is folded: a column of single words is no easier to read. */
const LEAST_ROOM = 24

/** A table with parts in its last column. What `columns` (of the terminal) leave no room for goes on in the next line, below the first part. */
export function partedTable(head: readonly string[], rows: readonly PartedRow[], columns?: number): string {
  return partedRows([{ cells: head.slice(0, -1), parts: head.slice(-1) }, ...rows], columns)
}

/** The same without a head. What others have named steers no terminal here either. */
export function partedRows(named: readonly PartedRow[], columns = Number.POSITIVE_INFINITY): string {
  const rows = named.map(({ cells, parts }) => ({ cells: cells.map(printable), parts: parts.map(printable) }))
  const count = Math.max(0, ...rows.map(({ cells }) => cells.length))
  const before = Array.from({ length: count }, (_, i) => Math.max(...rows.map(({ cells }) => cells[i]?.length ?? 0)))
  const room = columns - before.reduce((sum, width) => sum + width + 2, 0)
  const lines = rows.flatMap(({ cells, parts }) =>
    folded(parts.filter(Boolean), room < LEAST_ROOM ? Number.POSITIVE_INFINITY : room).map((text, i) => [
      ...before.map((_, column) => (i === 0 ? (cells[column] ?? "") : "")),
      text,
    ]),
  )
  return table(lines)
}

/** Lines of as many parts as there is room for; a part that is too long by itself is broken at its blanks. */
function folded(parts: readonly string[], room: number): string[] {
  const lines = [""]
  const add = (text: string, gap: string) => {
    const last = lines[lines.length - 1] as string
    if (last === "") lines[lines.length - 1] = text
    else if (last.length + gap.length + text.length <= room) lines[lines.length - 1] = `${last}${gap}${text}`
    else lines.push(text)
  }
  for (const part of parts) {
    if (part.length <= room) add(part, "  ")
    else for (const [i, word] of part.split(" ").entries()) add(word, i === 0 ? "  " : " ")
  }
  return lines
}
