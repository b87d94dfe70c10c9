import type { Address } from "../base/address.ts"
import { kinds } from "../kinds/catalog.ts"
import type { Change, FieldChange } from "../model/change.ts"
import type { Reference, Resource } from "../model/resource.ts"
import { valueAt } from "./fields.ts"
import { asDeclared } from "./ignored.ts"

/** What follows from what: a replaced resource takes along what is part of it or attached to it, until nothing changes any more. */
export function implied(changes: readonly Change[]): Change[] {
  const current = new Map(changes.map((change) => [change.address, change]))
  const dependants = dependantsOf(changes)
  const queue = changes.filter((c) => c.action === "replace").map((c) => c.address)
  for (const address of queue) {
    for (const { referrer, onReplace, onKept } of dependants.get(address) ?? []) {
      if (onKept && current.get(address)?.keeps) continue
      const before = current.get(referrer)
      const after = before === undefined ? undefined : consequence(before, address, onReplace)
      if (after === undefined || after === before) continue
      current.set(referrer, after)
      if (after.action === "replace") queue.push(referrer)
    }
  }
  disturb(current)
  for (const [address, its] of dependants) undo(address, its, current)
  return [...current.values()]
}

interface Dependant {
  referrer: Address
  onReplace: Reference["onReplace"]
  onKept?: true
}

function dependantsOf(changes: readonly Change[]): Map<Address, Dependant[]> {
  const found = new Map<Address, Dependant[]>()
  const add = (address: Address, dependant: Dependant) => {
    const known = found.get(address)
    if (known === undefined) found.set(address, [dependant])
    else known.push(dependant)
  }
  for (const { address: referrer, resource } of changes) {
    if (resource === undefined) continue
    if (resource.partOf !== undefined) add(resource.partOf, { referrer, onReplace: "replace", onKept: true })
    for (const { address, ...rest } of resource.references) add(address, { referrer, ...rest })
  }
  return found
}

/** What becomes of a change when `replaced` is; the same change where nothing does. */
function consequence(change: Change, replaced: Address, onReplace: Reference["onReplace"]): Change {
  const { action, resource } = change
  // What it would keep is the other one's.
  if (change.keeps && onReplace === "replace") return withoutKeeping(change)
  if (onReplace === "none" || resource === undefined || (action !== "no-op" && action !== "update")) return change
  const cause = `${replaced} is replaced`
  if (onReplace === "replace") {
    const whole = asDeclared(resource)
    return { ...change, action: "replace", cause, resource: whole, after: whole.attributes }
  }
  return touched(change, resource, onReplace.update, cause)
}

function withoutKeeping({ keeps: _, ...change }: Change): Change {
  return change
}

/** The field is set again, though it may read as it should. */
function touched(change: Change, resource: Resource, path: string, cause: string): Change {
  if (change.fields.some((f) => f.path === path)) return change
  const field: FieldChange = {
    path,
    before: valueAt(change.before ?? {}, path),
    after: valueAt(resource.attributes, path),
    forcesReplacement: false,
  }
  const because = change.action === "no-op" ? cause : `${change.cause}, ${cause}`
  const fields = [...change.fields, field]
  return change.keeps ? { ...change, fields } : { ...change, action: "update", cause: because, fields }
}

/** Fields that the kernel changes along with those of another resource are set again. */
function undo(address: Address, dependants: readonly Dependant[], current: Map<Address, Change>): void {
  const other = current.get(address)
  if (other?.action !== "update") return
  for (const { referrer } of dependants) {
    const victim = current.get(referrer)
    if (victim?.resource === undefined || !(victim.action === "no-op" || victim.action === "update")) continue
    for (const field of kinds[victim.kind].undoneBy?.(victim, other) ?? []) {
      const so = current.get(referrer) ?? victim
      current.set(referrer, touched(so, victim.resource, field, `${address} is changed`))
    }
  }
}

const DONE: { readonly [action: string]: string } = { delete: "deleted", replace: "replaced" }

/** Fields that the kernel drops along with something else are set again. */
function disturb(current: Map<Address, Change>): void {
  for (const change of [...current.values()]) {
    for (const { address, field, touches } of kinds[change.kind].disturbs?.(change) ?? []) {
      const victim = current.get(address)
      if (victim?.resource === undefined || !(victim.action === "no-op" || victim.action === "update" || victim.keeps)) continue
      const wanted = victim.resource.attributes[field]
      if (wanted === undefined || !touches(wanted)) continue
      current.set(address, touched(victim, victim.resource, field, `${change.address} is ${DONE[change.action] ?? "changed"}`))
    }
  }
}
