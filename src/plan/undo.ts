import type { Address } from "../base/address.ts"
import { splitAddress } from "../base/address.ts"
import { kinds, readdressed } from "../kinds/catalog.ts"
import { CURRENT } from "../kinds/container/spec-given.ts"
import type { Change } from "../model/change.ts"
import type { Plan } from "../model/plan.ts"
import type { Attributes, Desired, Observed, Resource, Snapshot, Value } from "../model/resource.ts"
import { restrictTo } from "./select.ts"
import { sameValue } from "./values.ts"

/**
 * What was there before a run, as a wish: each resource with the attributes and under the address it was found with; what was adopted
 * without its mark. What was half-made then cannot be wished for. `now`: a container that has ended and was not touched stays as it is; one
 * that was replaced is to run again.
 */
export function wishOf(before: Snapshot, stack: string, now: Snapshot): Desired {
  const adopted = [...(before.adoptions?.values() ?? [])].filter(({ entry, observed }) => observed && !before.resources.has(entry.to))
  const called = new Map(adopted.map(({ entry }) => [entry.to, entry.id]))
  const found = [...before.resources.values(), ...adopted.flatMap(({ observed }) => observed ?? [])]
  const whole = found.filter((observed) => observed.incomplete === undefined)
  const back = new Map([...(before.moves ?? [])].map(([from, to]) => [to, from]))
  const rename = (address: Address) => back.get(address) ?? address
  const all = whole.map((observed) => ({ ...observed, address: rename(observed.address) }))
  return {
    stack,
    unwanted: "it was not there before",
    resources: whole.map((observed) => {
      const givenBack = called.get(observed.address)
      const resource = asResource(observed, all, rename, now.resources.get(rename(observed.address)))
      return givenBack === undefined ? resource : { ...resource, givenBack }
    }),
    ...(back.size === 0 ? {} : { moved: [...back].map(([from, to]) => ({ from, to })) }),
    ...(adopted.length === 0 ? {} : { imports: adopted.map(({ entry }) => ({ ...entry, back: true as const })) }),
  }
}

function asResource(
  observed: Observed,
  all: readonly Observed[],
  rename: (address: Address) => Address,
  now: Observed | undefined,
): Resource {
  const { kind } = observed
  const address = rename(observed.address)
  const found = kinds[kind].asFound?.(inItsGroup(observed), observed.live) ?? inItsGroup(observed)
  const attributes = stateToWish({ ...observed, attributes: readdressed(kind, found, rename) }, now)
  const relations = kinds[kind].relations?.(attributes, all) ?? { references: [] }
  return { kind, address, name: splitAddress(address).name, attributes, ...relations, range: () => undefined }
}

/** A process that somebody has moved into another group is wished for in the one that was made for it. */
function inItsGroup({ attributes, live }: Observed): Attributes {
  const { cgroup } = attributes
  if (typeof cgroup !== "string" || !cgroup.startsWith("/") || typeof live.cgroup !== "string") return attributes
  return { ...attributes, cgroup: live.cgroup.slice(0, Math.max(0, live.cgroup.lastIndexOf("/"))) }
}

function stateToWish({ attributes, live }: Observed, now: Observed | undefined): Attributes {
  if (attributes.state === undefined || sameValue(live.monitor, now?.live.monitor)) return attributes
  return { ...attributes, ...givenAnew(attributes), state: "running" }
}

/** What a container was given is not known: one that runs anew gets what its sources hold. */
function givenAnew({ secrets = {}, configs = {} }: Attributes): Attributes {
  const current = (givens: Value) => mapValues(givens as { [target: string]: Attributes }, (given) => ({ ...given, content: CURRENT }))
  return { secrets: current(secrets), configs: current(configs) }
}

function mapValues(map: { [key: string]: Attributes }, change: (value: Attributes) => Attributes): Attributes {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]))
}

/** Of the plan back to what was, only what the run had to do with: what others changed meanwhile is not its to undo. */
export function undoing(back: Plan, done: Plan): Plan {
  const touched = new Set<Address>(done.changes.filter(isDone).flatMap(({ address, movedFrom }) => [address, movedFrom ?? address]))
  return restrictTo(back, touched, "not of this run")
}

function isDone({ action }: Change): boolean {
  return action !== "no-op"
}
