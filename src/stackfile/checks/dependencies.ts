import { sharedWith } from "../../kinds/container/expand.ts"
import type { Path } from "../node.ts"
import type { Draft, DraftContainer } from "../resolve.ts"

interface Edge {
  to: string
  path: Path
}

/** Containers that wait for each other, with the whole circle. Replicas wait alike: one speaks for all. */
export function checkDependencies(draft: Draft): void {
  const containers = new Map<string, DraftContainer>()
  for (const container of draft.containers) if (!containers.has(container.instance.base)) containers.set(container.instance.base, container)
  const edges = new Map([...containers].map(([name, container]) => [name, edgesOf(container)]))
  for (const circle of circlesOf(edges)) {
    const [first = "", second = ""] = circle
    const path = edges.get(first)?.find((edge) => edge.to === second)?.path ?? []
    containers.get(first)?.entry.reportKey(path, "dependency-cycle", `containers wait for each other: ${[...circle, first].join(" -> ")}`, {
      hint: "take out one of these dependencies",
    })
  }
}

function edgesOf({ value, attributes, instance }: DraftContainer): Edge[] {
  const written = value.depends_on
  const names = Array.isArray(written) ? written : Object.keys(written ?? {})
  const waits = names.map((to, i): Edge => ({ to, path: ["depends_on", Array.isArray(written) ? i : to] }))
  const shares = Object.entries(attributes.namespaces).flatMap(([kind, mode]): Edge[] => {
    const to = sharedWith(mode)
    return to === undefined ? [] : [{ to, path: ["namespaces", kind] }]
  })
  return [...waits, ...shares].filter((edge) => edge.to !== instance.base)
}

/** One circle for each edge that leads back to a container on the way to it. Depth first, without recursion: chains may be long. */
function circlesOf(edges: ReadonlyMap<string, readonly Edge[]>): string[][] {
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
