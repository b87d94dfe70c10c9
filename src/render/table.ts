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
