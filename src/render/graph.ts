import type { Address } from "../base/address.ts"
import { grouped } from "../base/grouped.ts"
import type { Plan } from "../model/plan.ts"
import type { Attributes, Desired, KindName, Resource, Value } from "../model/resource.ts"
import { IMPLIED } from "../model/resource.ts"

/** What is drawn: things, and what joins them. */
export interface Graph {
  name: string
  /** Edges point from what comes first to what waits for it; otherwise they only join. */
  directed: boolean
  nodes: readonly { id: string; kind: string }[]
  edges: readonly { from: string; to: string; label: string }[]
}

/** What joins, and what is written nowhere. */
const NOT_DRAWN: ReadonlySet<KindName> = new Set([...IMPLIED, "interface", "veth"])

/** Bridges, containers and groups, joined by interfaces, pairs, shared networks and membership. */
export function topology(desired: Desired): Graph {
  const things = desired.resources.filter(({ kind }) => !NOT_DRAWN.has(kind))
  const upon = grouped(desired.resources.filter(liesOnOwn), ({ attributes: { container, link } }) =>
    place(container, (link as Attributes).link),
  )
  const edges = desired.resources.flatMap((one) => joins(one, upon))
  const known = new Set(things.map(({ address }) => address))
  const outside = [...new Set(edges.flatMap(({ from, to }) => [from, to]))].filter((id) => !known.has(id))
  const nodes = [...things.map(({ address, kind }) => ({ id: address, kind })), ...outside.map((id) => ({ id, kind: id }))]
  return { name: desired.stack, directed: false, nodes, edges }
}

/** On a link of the container, by its place: those that lie on it. */
type Upon = ReadonlyMap<string, readonly Resource[]>

function liesOnOwn({ kind, attributes: { link } }: Resource): boolean {
  return kind === "interface" && ((link ?? {}) as Attributes).link !== undefined
}

function place(container: Value | undefined, name: Value | undefined): string {
  return `${container}/${name}`
}

/** `eth1 10.0.0.1/24 (eth1.10 10.0.10.1/24)`: what lies on it joins nothing else. */
function told(end: { [key: string]: Value } & { address?: string[] }, upon: Upon): string {
  const { container, interface: name, address = [] } = end
  const uppers = (upon.get(place(container, name)) ?? []).map(({ attributes }) => told(attributes as typeof end, upon))
  return [String(name), ...address, ...(uppers.length === 0 ? [] : [`(${uppers.join(", ")})`])].join(" ")
}

function joins(resource: Resource, upon: Upon): Graph["edges"] {
  const { kind, attributes } = resource
  if (kind === "container") return sharedNetwork(resource)
  if (kind === "interface") {
    if (liesOnOwn(resource)) return []
    const { bridge, link, container } = attributes
    const { kind: type, parent } = (link ?? {}) as Attributes
    return [
      {
        from: String(bridge ?? (parent === undefined ? type : `${type} on ${parent}`)),
        to: String(container),
        label: told(attributes as Parameters<typeof told>[0], upon),
      },
    ]
  }
  if (kind !== "veth") return []
  const [a, b] = attributes.endpoints as unknown as { container: Address; interface: string; address: string[] }[]
  if (a === undefined || b === undefined) return []
  const [near, far] = [a, b].map((end) => told(end, upon))
  return [{ from: a.container, to: b.container, label: `${near} -- ${far}` }]
}

/** The namespace that is another's: of a container, or of the host. */
function sharedNetwork({ address, attributes }: Resource): Graph["edges"] {
  const net = (attributes.namespaces as { net?: string } | undefined)?.net ?? "new"
  if (net === "new") return []
  return [{ from: net.replace(/^container:/, "container."), to: address, label: "its network" }]
}

/** The same with each container's parent group, which is not a connection but a place. */
export function withGroups(graph: Graph, { resources }: Desired): Graph {
  const members = resources.flatMap(({ kind, address, attributes }) => {
    const parent = kind === "container" ? attributes.cgroup : ""
    return typeof parent === "string" && parent !== "" ? [{ from: address, to: `cgroup.${parent}`, label: "" }] : []
  })
  return { ...graph, edges: [...graph.edges, ...members] }
}

/** The steps of a plan, each behind what it waits for; an edge that others imply is left out. */
export function stepGraph(plan: Plan): Graph {
  const before = new Map(plan.steps.map(({ id, after }) => [id, after]))
  const reach = reachable(before)
  const edges = plan.steps.flatMap(({ id, after }) => {
    const needed = after.filter((from) => !after.some((other) => other !== from && reach.get(other)?.has(from)))
    return needed.map((from) => ({ from, to: id, label: "" }))
  })
  return { name: plan.stack, directed: true, nodes: plan.steps.map(({ id, change }) => ({ id, kind: change.kind })), edges }
}

/** All that comes before each step, however far; steps are in an order that respects their edges. */
function reachable(before: ReadonlyMap<string, readonly string[]>): Map<string, Set<string>> {
  const reach = new Map<string, Set<string>>()
  for (const [id, after] of before) {
    const all = new Set(after)
    for (const from of after) for (const further of reach.get(from) ?? []) all.add(further)
    reach.set(id, all)
  }
  return reach
}
