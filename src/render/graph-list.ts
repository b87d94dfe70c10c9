import type { Graph } from "./graph.ts"
import { partedRows } from "./table.ts"

/** The graph as a list, for terminals that its drawing has no room in: a line for each edge, then what nothing is joined to. */
export function graphList({ nodes, edges, directed }: Graph, columns: number): string {
  const joined = new Set(edges.flatMap(({ from, to }) => [from, to]))
  const rows = [
    ...edges.map(({ from, to, label }) => ({ cells: [from], parts: [`${directed ? "->" : "--"} ${to}`, label] })),
    ...nodes.filter(({ id }) => !joined.has(id)).map(({ id }) => ({ cells: [id], parts: [] })),
  ]
  return partedRows(rows, columns)
}
