const UP = 1
const DOWN = 2
const LEFT = 4
const RIGHT = 8
const UPRIGHT = UP | DOWN

/** Box-drawing characters by the directions they join, in binary RIGHT LEFT DOWN UP. */
const LINES = " ╵╷│╴┘┐┤╶└┌├─┴┬┼"

/** A sheet of characters on which parts of one line become the right box-drawing character where they meet; of two lines that cross, the upright one is seen. */
export class Canvas {
  readonly #lines: { directions: number; line: unknown }[][] = []
  readonly #texts: string[][] = []

  text(column: number, row: number, text: string): void {
    const cells = rowOf(this.#texts, row)
    for (const [i, character] of [...text].entries()) cells[column + i] = character
  }

  /** From `from` to `to`, both included; `line` is whose part it is. */
  horizontal(line: unknown, from: number, to: number, row: number): void {
    for (let x = from; x <= to; x++) this.#join(line, x, row, (x > from ? LEFT : 0) | (x < to ? RIGHT : 0))
  }

  vertical(line: unknown, column: number, from: number, to: number): void {
    const [top, bottom] = from < to ? [from, to] : [to, from]
    for (let y = top; y <= bottom; y++) this.#join(line, column, y, (y > top ? UP : 0) | (y < bottom ? DOWN : 0))
  }

  toString(): string {
    const height = Math.max(this.#lines.length, this.#texts.length)
    return Array.from({ length: height }, (_, y) => this.#row(y)).join("")
  }

  #row(y: number): string {
    const lines = this.#lines[y] ?? []
    const texts = this.#texts[y] ?? []
    const length = Math.max(lines.length, texts.length)
    return `${Array.from({ length }, (_, x) => texts[x] ?? LINES[lines[x]?.directions ?? 0])
      .join("")
      .trimEnd()}\n`
  }

  #join(line: unknown, column: number, row: number, directions: number): void {
    const cells = rowOf(this.#lines, row)
    const cell = cells[column]
    if (cell === undefined) cells[column] = { directions, line }
    else if (cell.line === line || ((cell.directions | directions) & UPRIGHT) === 0) cell.directions |= directions
    else if ((directions & UPRIGHT) !== 0) cells[column] = { directions, line }
  }
}

function rowOf<T>(rows: T[][], row: number): T[] {
  const cells = rows[row] ?? []
  rows[row] = cells
  return cells
}
