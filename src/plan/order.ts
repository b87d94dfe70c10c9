import { kinds } from "../kinds/catalog.ts"
import type { Change } from "../model/change.ts"
import type { Step, StepDraft, StepId } from "../model/step.ts"
import { stepId } from "../model/step.ts"

interface Node {
  id: StepId
  change: Change
  draft: StepDraft
  /** Places of the nodes it waits for. */
  after: Set<number>
}

/**
 * The steps of all changes as a graph, in an order that respects it: by generations, and in each by the order of the
 * changes. O(steps + edges).
 */
export function order(changes: readonly Change[]): Step[] {
  const nodes = changes.flatMap((change) =>
    kinds[change.kind].steps(change).map((draft): Node => ({ id: stepId(change.address, draft.op), change, draft, after: new Set() })),
  )
  joinByName(nodes)
  joinByPlace(nodes)
  const sequence = generations(nodes) ?? generations(withoutStopOrder(nodes))
  if (sequence === undefined)
    throw new Error(`internal error: the steps of this plan wait for each other: ${nodes.map((n) => n.id).join(", ")}`)
  const rank = new Map(sequence.map((node, i) => [node, i]))
  const placeOf = (i: number) => rank.get(nodes[i] as Node) as number
  return sequence.map((node) =>
    toStep(
      node,
      [...node.after].sort((a, b) => placeOf(a) - placeOf(b)).map((i) => (nodes[i] as Node).id),
    ),
  )
}

function toStep({ id, change, draft }: Node, after: StepId[]): Step {
  return { id, op: draft.op, address: change.address, cause: draft.cause ?? change.cause, after, change }
}

/** `after` and `before`; ids that the plan does not hold matter to nobody. */
function joinByName(nodes: readonly Node[]): void {
  const places = new Map(nodes.map((node, i) => [node.id, i]))
  nodes.forEach((node, own) => {
    for (const id of node.draft.after ?? []) {
      const place = places.get(id)
      if (place !== undefined && place !== own) node.after.add(place)
    }
    for (const id of node.draft.before ?? []) {
      const place = places.get(id)
      if (place !== undefined && place !== own) nodes[place]?.after.add(own)
    }
  })
}

/** Who takes a place in the kernel waits for who leaves it. */
function joinByPlace(nodes: readonly Node[]): void {
  const freed = new Map<string, number[]>()
  nodes.forEach((node, i) => {
    for (const place of node.draft.frees ?? []) freed.set(place, [...(freed.get(place) ?? []), i])
  })
  for (const node of nodes) {
    for (const place of node.draft.takes ?? []) for (const i of freed.get(place) ?? []) node.after.add(i)
  }
}

/** Kahn's algorithm, first come first served; undefined where some wait for each other. */
function generations(nodes: readonly Node[]): Node[] | undefined {
  const waiting = nodes.map((node) => node.after.size)
  const followers = nodes.map((): number[] => [])
  nodes.forEach((node, i) => {
    for (const before of node.after) followers[before]?.push(i)
  })
  const ready = nodes.flatMap((_, i) => (waiting[i] === 0 ? [i] : []))
  for (const i of ready) {
    for (const next of followers[i] as number[]) {
      waiting[next] = (waiting[next] as number) - 1
      if (waiting[next] === 0) ready.push(next)
    }
  }
  return ready.length === nodes.length ? ready.map((i) => nodes[i] as Node) : undefined
}

/**
 * In which order containers are stopped is told by their records, which an apply that was killed may have left in
 * contradiction: then they are stopped in any order.
 */
function withoutStopOrder(nodes: Node[]): Node[] {
  const stops = new Set(nodes.flatMap((node, i) => (node.draft.op === "stop" ? [i] : [])))
  for (const i of stops) for (const other of stops) nodes[i]?.after.delete(other)
  return nodes
}
