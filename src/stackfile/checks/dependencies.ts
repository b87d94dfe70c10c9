import { sharedWith } from "../../kinds/container/expand.ts"
import type { Path } from "../node.ts"
import type { Draft, DraftContainer } from "../resolve.ts"

interface Edge {
  to: string
  path: Path
  teller: DraftContainer
}

type Edges = Map<string, Map<string, Edge>>

/** Containers that wait for each other, with the whole circle. A name of replicas stands for all of them, that of one for that one. */
export function checkDependencies(draft: Draft): void {
  const edges: Edges = new Map()
  for (const container of draft.containers) addEdges(edges, container.instance.base, container)
  for (const container of draft.containers) if (container.name !== container.instance.base) addEdges(edges, container.name, container)
  for (const circle of circlesOf(edges)) {
    const [first = "", second = first] = circle
    const edge = edges.get(first)?.get(second)
    edge?.teller.entry.reportKey(edge.path, "dependency-cycle", `containers wait for each other: ${[...circle, first].join(" -> ")}`, {
      hint: "take out one of these dependencies",
    })
  }
}

function addEdges(edges: Edges, from: string, container: DraftContainer): void {
  const own = edges.get(from) ?? new Map<string, Edge>()
  edges.set(from, own)
  for (const edge of edgesOf(container)) if (!own.has(edge.to)) own.set(edge.to, edge)
}

function edgesOf(teller: DraftContainer): Edge[] {
  const { value, attributes, instance, name } = teller
  const written = value.depends_on
  const names = Array.isArray(written) ? written : Object.keys(written ?? {})
  const waits = names.map((to, i): Edge => ({ to, path: ["depends_on", Array.isArray(written) ? i : to], teller }))
  const shares = Object.entries(attributes.namespaces).flatMap(([kind, mode]): Edge[] => {
    const to = sharedWith(mode)
    return to === undefined ? [] : [{ to, path: ["namespaces", kind], teller }]
  })
  return [...waits, ...shares].filter((edge) => edge.to !== instance.base && edge.to !== name)
}

/** One circle for each edge that leads back to a container on the way to it. Depth first, without recursion: chains may be long. */
function circlesOf(graph: Edges): string[][] {
  const edges = new Map([...graph].map(([name, own]) => [name, [...own.values()]]))
  const circles: string[][] = []
  const done = new Set<string>()
  for (const start of edges.keys()) {
    const way: { name: string; next: number }[] = done.has(start) ? [] : [{ name: start, next: 0 }]
    const onWay = new Set([start])
    for (let at = way.at(-1); at !== undefined; at = way.at(-1)) {
      const edge = edges.get(at.name)?.[at.next++]
      if (edge === undefined) {
        way.pop()
        onWay.delete(at.name)
        done.add(at.name)
      } else if (onWay.has(edge.to)) circles.push(way.slice(way.findIndex((w) => w.name === edge.to)).map((w) => w.name))
      else if (!done.has(edge.to) && edges.has(edge.to)) {
        way.push({ name: edge.to, next: 0 })
        onWay.add(edge.to)
      }
    }
  }
  return circles
}
