import type { Address } from "../base/address.ts"
import { DiagnosticError, error } from "../base/diagnostic.ts"
import { nearest } from "../base/nearest.ts"
import type { Change } from "../model/change.ts"
import { destination, movesOf } from "../model/moves.ts"
import type { Plan } from "../model/plan.ts"
import type { Desired, Snapshot } from "../model/resource.ts"
import { REPLACEMENT_ASKED } from "./cause.ts"
import { forces, relationsOf } from "./forces.ts"
import { summarise } from "./plan.ts"

/** A part of a plan, by addresses. */
export interface Selection {
  /** Only these, what their steps wait for, and what cannot stay as it is then; empty: all. */
  target: readonly Address[]
  /** Not these, nor what waits for their steps. */
  exclude: readonly Address[]
  /** Replaced although nothing differs. */
  replace: readonly Address[]
}

export const EVERYTHING: Selection = { target: [], exclude: [], replace: [] }

/**
 * The plan with only the selected changes. The whole plan is made first, so that automatic values are chosen with
 * everything in sight; a change that is left out becomes a no-op, and its steps go.
 */
export function selectChanges(plan: Plan, selection: Selection): Plan {
  if (selection.target.length === 0 && selection.exclude.length === 0) return plan
  for (const address of [...selection.target, ...selection.exclude]) checkAddress(plan, address)
  return restrictTo(plan, keptAddresses(plan, selection), "not selected")
}

/** The plan with the changes of these addresses alone; `why` the others are left alone. */
export function restrictTo(plan: Plan, kept: ReadonlySet<Address>, why: string): Plan {
  const changes = plan.changes.map((change) => (kept.has(change.address) ? change : leftAlone(change, why)))
  const steps = plan.steps.filter((step) => kept.has(step.address))
  const ids = new Set(steps.map((step) => step.id))
  return {
    ...plan,
    changes,
    steps: steps.map((step) => ({ ...step, after: step.after.filter((id) => ids.has(id)) })),
    summary: summarise(changes),
    hasChanges: changes.some((change) => change.action !== "no-op"),
  }
}

/** The snapshot as if the named resources were half-made, which is what gets a resource replaced. */
export function markReplaced(snapshot: Snapshot, addresses: readonly Address[], desired: Pick<Desired, "moved">): Snapshot {
  if (addresses.length === 0) return snapshot
  const resources = new Map(snapshot.resources)
  for (const address of addresses) {
    const observed = resources.get(address)
    if (observed === undefined)
      throw unknownAddress(address, [...resources.values()], desired, "is not live, so that nothing could be replaced")
    resources.set(address, { ...observed, incomplete: REPLACEMENT_ASKED })
  }
  return { ...snapshot, resources }
}

/** Of a change that does nothing nothing is left. */
function leftAlone({ adopts: _, endedBy: __, ...change }: Change, cause: string): Change {
  return change.action === "no-op" ? change : { ...change, action: "no-op", cause, fields: [], drift: false }
}

function keptAddresses(plan: Plan, { target, exclude }: Selection): Set<Address> {
  const [waitsFor, together, forced] = [edges(plan), movedTogether(plan), forces(plan.changes)]
  const all = plan.changes.map((change) => change.address)
  const wanted = target.length === 0 ? new Set(all) : closure(withParts(plan, target), joined(joined(waitsFor, forced), together))
  const unwanted = closure(withParts(plan, exclude), joined(joined(reversed(waitsFor), reversed(forced)), together))
  return new Set([...wanted].filter((address) => !unwanted.has(address)))
}

/** For each address those whose steps its own steps wait for. */
function edges(plan: Plan): Map<Address, Set<Address>> {
  const addressOf = new Map(plan.steps.map((step) => [step.id, step.address]))
  const found = new Map<Address, Set<Address>>()
  for (const step of plan.steps) {
    const own = found.get(step.address) ?? new Set()
    for (const id of step.after) own.add(addressOf.get(id) as Address)
    found.set(step.address, own)
  }
  return found
}

/** What is moved because it is part of what is moved: neither gets its new name without the other. */
function movedTogether(plan: Plan): Map<Address, Set<Address>> {
  const moved = new Set(plan.changes.filter(({ movedFrom }) => movedFrom !== undefined).map(({ address }) => address))
  const found = new Map<Address, Set<Address>>()
  if (moved.size === 0) return found
  for (const change of plan.changes) {
    const { partOf } = relationsOf(change)
    if (partOf === undefined || !moved.has(partOf) || !moved.has(change.address)) continue
    found.set(change.address, new Set([partOf]))
    found.set(partOf, (found.get(partOf) ?? new Set()).add(change.address))
  }
  return found
}

function joined(one: ReadonlyMap<Address, ReadonlySet<Address>>, other: ReadonlyMap<Address, ReadonlySet<Address>>) {
  const all = new Map<Address, ReadonlySet<Address>>(one)
  for (const [from, targets] of other) all.set(from, new Set([...(all.get(from) ?? []), ...targets]))
  return all
}

function reversed(graph: ReadonlyMap<Address, ReadonlySet<Address>>): Map<Address, Set<Address>> {
  const found = new Map<Address, Set<Address>>()
  for (const [from, targets] of graph) {
    for (const to of targets) found.set(to, (found.get(to) ?? new Set()).add(from))
  }
  return found
}

function closure(start: Iterable<Address>, graph: ReadonlyMap<Address, ReadonlySet<Address>>): Set<Address> {
  const found = new Set<Address>(start)
  for (const address of found) for (const next of graph.get(address) ?? []) found.add(next)
  return found
}

/** What lives in a selected resource is selected with it. */
function withParts(plan: Plan, addresses: readonly Address[]): Address[] {
  const named = new Set(addresses)
  const parts = plan.changes.filter((change) => named.has(relationsOf(change).partOf ?? ""))
  return [...addresses, ...parts.map((change) => change.address)]
}

function checkAddress(plan: Plan, address: Address): void {
  if (plan.changes.some((change) => change.address === address)) return
  throw unknownAddress(address, plan.changes, plan.desired, "is neither in the stack file nor live")
}

type Called = { readonly address: Address; readonly movedFrom?: Address }

function unknownAddress(address: Address, known: readonly Called[], desired: Pick<Desired, "moved">, why: string): DiagnosticError {
  const names = known.map((one) => one.address)
  const now = known.find(({ movedFrom }) => movedFrom === address)?.address ?? destination(movesOf(desired), address)
  if (names.includes(now)) {
    const hint = `name it so: ${now}`
    return new DiagnosticError(error("unknown-address", `${address} is called ${now} in the stack file`, { hint }))
  }
  const near = nearAddress(address, names)
  const hint = near === undefined ? "`stack plan` shows the addresses" : `did you mean ${near}?`
  return new DiagnosticError(error("unknown-address", `${address === "" ? '""' : address} ${why}`, { hint }))
}

/** The one that was meant: its first replica, a name without its kind, a slip within its kind; else the kind was mistaken. */
function nearAddress(address: Address, names: readonly Address[]): Address | undefined {
  const dot = address.indexOf(".") + 1
  const ofKind = names.filter((name) => dot > 0 && name.startsWith(address.slice(0, dot)))
  const slip = nearest(address.slice(dot), new Set(ofKind.map((name) => name.slice(dot))))
  return (
    names.find((name) => name.startsWith(`${address}[`)) ??
    ["container", "bridge", "veth", "cgroup", "volume"].map((kind) => `${kind}.${address}`).find((name) => names.includes(name)) ??
    (slip === undefined ? undefined : `${address.slice(0, dot)}${slip}`) ??
    (ofKind.length > 0 ? undefined : nearest(address, names))
  )
}
