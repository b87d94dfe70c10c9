import { kinds } from "../kinds/catalog.ts"
import type { Change } from "../model/change.ts"
import { isDoing } from "../model/change.ts"
import type { Step, StepDraft, StepId } from "../model/step.ts"
import { stepId } from "../model/step.ts"

interface Node {
  id: StepId
  change: Change
  draft: StepDraft
  /** Places of the nodes it waits for; one may stand twice. */
  after: number[]
}

/**
 * The steps of all changes as a graph, in an order that respects it: by generations, and in each by the order of the
 * changes. O(steps + edges).
 */
export function order(changes: readonly Change[]): Step[] {
  const nodes = changes
    .filter(isDoing)
    .flatMap((change) =>
      kinds[change.kind].steps(change).map((draft): Node => ({ id: stepId(change.address, draft.op), change, draft, after: [] })),
    )
  joinByName(nodes)
  joinByPlace(nodes)
  const sequence = generations(nodes) ?? generations(withoutStopOrder(nodes))
  if (sequence === undefined)
    throw new Error(`internal error: the steps of this plan wait for each other: ${nodes.map((n) => n.id).join(", ")}`)
  const rank: number[] = []
  for (const [i, place] of sequence.entries()) rank[place] = i
  const byRank = (a: number, b: number) => (rank[a] as number) - (rank[b] as number)
  return sequence.map((place) => {
    const node = nodes[place] as Node
    return toStep(
      node,
      [...new Set(node.after)].sort(byRank).map((i) => (nodes[i] as Node).id),
    )
  })
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
      if (place !== undefined && place !== own) node.after.push(place)
    }
    for (const id of node.draft.before ?? []) {
      const place = places.get(id)
      if (place !== undefined && place !== own) nodes[place]?.after.push(own)
    }
  })
}

/** Who takes a place in the kernel waits for who leaves it. */
function joinByPlace(nodes: readonly Node[]): void {
  const freed = new Map<string, number[]>()
  nodes.forEach((node, i) => {
    for (const place of node.draft.frees ?? []) {
      const others = freed.get(place)
      if (others === undefined) freed.set(place, [i])
      else others.push(i)
    }
  })
  for (const node of nodes) {
    for (const place of node.draft.takes ?? []) node.after.push(...(freed.get(place) ?? []))
  }
}

/** Kahn's algorithm, first come first served: the places in order; undefined where some wait for each other. */
function generations(nodes: readonly Node[]): number[] | undefined {
  const waiting = nodes.map((node) => node.after.length)
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
  return ready.length === nodes.length ? ready : undefined
}

/**
 * In which order containers are stopped is told by their records, which an apply that was killed may have left in
 * contradiction: then they are stopped in any order.
 */
function withoutStopOrder(nodes: readonly Node[]): readonly Node[] {
  for (const node of nodes) {
    if (node.draft.op === "stop") node.after = node.after.filter((i) => nodes[i]?.draft.op !== "stop")
  }
  return nodes
}
