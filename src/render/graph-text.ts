import { Graph as DagreGraph, layout } from "@dagrejs/dagre"
import { Canvas } from "./canvas.ts"
import type { Graph } from "./graph.ts"

/** A place in the drawing: a text, or nothing but a line that passes. */
interface Cell {
  column: number
  row: number
  text: string
}

/** A line from a cell to one in the next column. */
interface Segment {
  from: Cell
  to: Cell
}

/** Blanks between a text and the line that begins at it. */
const GAP = 1

/**
 * The graph as lines of text, from left to right. dagre says in which column and above what each thing stands; the lines
 * between two columns run in tracks of their own.
 */
export function graphText(graph: Graph): string {
  if (graph.nodes.length === 0) return ""
  const { columns, segments } = place(graph)
  const canvas = new Canvas()
  let left = 0
  for (const [i, cells] of columns.entries()) {
    const bundles = bundled(segments.filter(({ from }) => from.column === i))
    const start = left + Math.max(...cells.map(({ text }) => text.length)) + GAP
    const end = start + (bundles.length === 0 ? 0 : 2 * Math.max(...bundles.map(({ track }) => track)) + 4)
    for (const cell of cells) canvas.text(left, cell.row, cell.text)
    for (const bundle of bundles) drawBundle(canvas, bundle, { left, start, end })
    left = end + GAP
  }
  return canvas.toString()
}

/** From the column that begins at `left` through its tracks, from `start`, to the blank before the next column, at `end`. */
function drawBundle(canvas: Canvas, bundle: Bundle, { left, start, end }: { left: number; start: number; end: number }): void {
  const x = start + 1 + 2 * bundle.track
  for (const { from, to } of bundle.segments) {
    // A line that passes a column has no text there: it begins where the one before ended.
    canvas.horizontal(bundle, from.text === "" ? left - GAP : left + from.text.length + GAP, x, from.row)
    canvas.vertical(bundle, x, from.row, to.row)
    canvas.horizontal(bundle, x, to.text === "" ? end : end - GAP, to.row)
  }
}

// ------------------------------------------------------------------- layout

/** Labels are things too: they stand on their line. */
function place(graph: Graph): { columns: Cell[][]; segments: Segment[] } {
  const drawing = new DagreGraph({ multigraph: true })
  drawing.setGraph({ rankdir: "LR", nodesep: 0, edgesep: 0, ranksep: 2 })
  drawing.setDefaultEdgeLabel(() => ({}))
  const texts = new Map(graph.nodes.map(({ id }) => [id, id]))
  const pairs = graph.edges.flatMap(({ from, to, label }, i): [string, string][] => {
    if (label === "") return [[from, to]]
    texts.set(`label ${i}`, label)
    return [
      [from, `label ${i}`],
      [`label ${i}`, to],
    ]
  })
  for (const id of texts.keys()) drawing.setNode(id, { width: 1, height: 1 })
  for (const [from, to] of pairs) drawing.setEdge(from, to)
  layout(drawing)
  return cellsOf(drawing, texts)
}

type Drawing = InstanceType<typeof DagreGraph>

interface Point {
  x: number
  y: number
}

function cellsOf(drawing: Drawing, texts: ReadonlyMap<string, string>): { columns: Cell[][]; segments: Segment[] } {
  const at = (id: string) => drawing.node(id) as unknown as Point
  const xs = [...new Set([...texts.keys()].map((id) => at(id).x))].sort((a, b) => a - b)
  const cells = new Map<string, Cell>()
  const cellAt = (key: string, { x, y }: Point, text: string): Cell => {
    const cell = cells.get(key) ?? { column: xs.indexOf(x), row: y, text }
    cells.set(key, cell)
    return cell
  }
  for (const [id, text] of texts) cellAt(id, at(id), text)
  const segments = drawing.edges().flatMap((edge: { v: string; w: string }) => {
    const ends = [edge.v, edge.w].sort((a, b) => at(a).x - at(b).x) as [string, string]
    const points = (drawing.edge(edge) as unknown as { points: Point[] }).points
    const between = xs.filter((x) => x > at(ends[0]).x && x < at(ends[1]).x)
    const passing = between.map((x) => cellAt(`${edge.v}\0${edge.w}\0${x}`, { x, y: heightAt(points, x) }, ""))
    const line = [cells.get(ends[0]) as Cell, ...passing, cells.get(ends[1]) as Cell]
    return line.slice(1).map((to, i): Segment => ({ from: line[i] as Cell, to }))
  })
  return { columns: rows(xs.map((_, i) => [...cells.values()].filter((cell) => cell.column === i))), segments }
}

/** Where a bent line is at `x`. */
function heightAt(points: readonly Point[], x: number): number {
  const sorted = [...points].sort((a, b) => a.x - b.x)
  const after = sorted.findIndex((point) => point.x >= x)
  const [a, b] = [sorted[Math.max(0, after - 1)] as Point, sorted[after < 0 ? sorted.length - 1 : after] as Point]
  return b.x === a.x ? b.y : a.y + ((b.y - a.y) * (x - a.x)) / (b.x - a.x)
}

/** dagre's heights as whole rows, in the same order and none taken twice. */
function rows(columns: Cell[][]): Cell[][] {
  const lowest = Math.min(...columns.flat().map(({ row }) => row))
  for (const cells of columns) {
    let free = 0
    for (const cell of cells.sort((a, b) => a.row - b.row)) {
      cell.row = Math.max(free, Math.round(cell.row - lowest))
      free = cell.row + 1
    }
  }
  return columns
}

// ------------------------------------------------------------------- tracks

/** Segments that share an end, and so run together. */
interface Bundle {
  segments: Segment[]
  track: number
  top: number
  bottom: number
}

/** Bundles that would touch each other get different tracks. */
function bundled(segments: readonly Segment[]): Bundle[] {
  const bundles: Bundle[] = []
  for (const group of groups(segments)) {
    const ends = group.flatMap(({ from, to }) => [from.row, to.row])
    const [top, bottom] = [Math.min(...ends), Math.max(...ends)]
    const beside = bundles.filter((other) => top <= other.bottom && other.top <= bottom && top !== bottom && other.top !== other.bottom)
    let track = 0
    while (beside.some((other) => other.track === track)) track++
    bundles.push({ segments: group, track, top, bottom })
  }
  return bundles
}

function groups(segments: readonly Segment[]): Segment[][] {
  const found: Segment[][] = []
  for (const segment of segments) {
    const joined = found.filter((group) => group.some(({ from, to }) => from === segment.from || to === segment.to))
    for (const group of joined) found.splice(found.indexOf(group), 1)
    found.push([...joined.flat(), segment])
  }
  return found
}
