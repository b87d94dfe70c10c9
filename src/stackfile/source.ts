import type { Position, Range } from "../base/diagnostic.ts"

/** One text that the stack is made of. */
export interface SourceFile {
  /** As messages show it: relative to the working folder where that is shorter. */
  name: string
  /** Folder that relative paths in it start from. */
  folder: string
  text: string
}

const LINES = new WeakMap<SourceFile, number[]>()

/** Offsets at which the lines of a file begin. Computed when the first message needs it. */
function linesOf(file: SourceFile): number[] {
  let starts = LINES.get(file)
  if (starts === undefined) {
    starts = [0]
    for (let at = file.text.indexOf("\n"); at >= 0; at = file.text.indexOf("\n", at + 1)) starts.push(at + 1)
    LINES.set(file, starts)
  }
  return starts
}

/** The line and column (both from 1) of an offset. */
export function positionAt(file: SourceFile, offset: number): Position {
  const starts = linesOf(file)
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] as number) <= offset) low = middle
    else high = middle - 1
  }
  return { line: low + 1, column: offset - (starts[low] as number) + 1 }
}

/** The stretch from `start` to `end` (exclusive), at least one column wide. */
export function rangeAt(file: SourceFile, start: number, end: number): Range {
  const from = positionAt(file, start)
  const to = positionAt(file, Math.max(end, start))
  const empty = from.line === to.line && from.column === to.column
  return { file: file.name, start: from, end: empty ? { line: to.line, column: to.column + 1 } : to }
}
