import type { Address } from "../base/address.ts"
import { grouped } from "../base/grouped.ts"
import { kinds } from "../kinds/catalog.ts"
import type { Change, FieldChange } from "../model/change.ts"
import type { Disturbance } from "../model/kind.ts"

/**
 * What shares a namespace with a container that has ended may have lost it, or its own command, by that; what was in that namespace is gone
 * with it, and with a link what others had by it: then it is told so, and not as somebody's doing.
 */
export function withEnds(changes: readonly Change[]): readonly Change[] {
  const ended = new Map(changes.flatMap(endOf))
  if (ended.size === 0) return changes
  return withoutLinks(changes.map((change) => (change.fields.length === 0 ? goneWith(change, ended) : endedWith(change, ended))))
}

/** By its address what is told of one that has ended: `container.web has ended`. */
type Ends = ReadonlyMap<Address, string>

function endOf(change: Change): [Address, string][] {
  const ending = kinds[change.kind].ending?.(change)
  return ending === undefined ? [] : [[change.address, `${change.address} ${ending}`]]
}

/** A link that is not there goes with each of the containers that it would have to be made anew with. */
function goneWith(change: Change, ended: Ends): Change {
  const { action, drift, resource, cause } = change
  if (action !== "create" || !drift || resource === undefined) return change
  const whole = resource.references.find(({ address, onReplace }) => onReplace === "replace" && ended.has(address))?.address
  const by = whole && ended.get(whole)
  return by === undefined ? change : { ...change, drift: false, endedBy: by, cause: `${by}: ${cause}` }
}

function endedWith(change: Change, ended: Ends): Change {
  const { kind, after } = change
  return told(change, (field) => {
    const other = kinds[kind].sharedWith?.(field, after ?? {})
    return other && ended.get(other)
  })
}

/** The change with those of its drifted fields told as an end's doing that are: `by` says which. */
function told(change: Change, by: (field: FieldChange) => string | undefined): Change {
  const others = change.fields.map((field) => (field.drift ? by(field) : undefined))
  const first = others.find((other) => other !== undefined)
  if (first === undefined) return change
  const fields = change.fields.map((field, i) => (others[i] === undefined ? field : withoutDrift(field)))
  return {
    ...change,
    fields,
    drift: fields.some((field) => field.drift),
    endedBy: first,
    cause: `${first}: ${change.cause}`,
  }
}

function withoutDrift({ drift: _, ...field }: FieldChange): FieldChange {
  return field
}

/** What a link takes along that is gone with a container: fields of others. */
interface Loss extends Disturbance {
  by: string
}

function withoutLinks(changes: readonly Change[]): readonly Change[] {
  const gone = new Map(
    changes.flatMap(({ address, action, endedBy }) => (action === "create" && endedBy !== undefined ? [[address, endedBy]] : [])),
  )
  if (gone.size === 0) return changes
  const losses = grouped(
    changes.flatMap((change) => lossesOf(change, gone)),
    ({ address }) => address,
  )
  return changes.map((change) => {
    const its = [...(losses.get(change.address) ?? []), ...attachments(change, gone)]
    return its.length === 0 ? change : told(change, (field) => its.find((loss) => concerns(loss, field))?.by)
  })
}

/** As if it were to be taken away now: it was there, as it is wanted. */
function lossesOf(change: Change, gone: Ends): Loss[] {
  const by = gone.get(change.address)
  if (by === undefined) return []
  return (kinds[change.kind].disturbs?.({ ...change, action: "replace", before: change.after }) ?? []).map((lost) => ({ ...lost, by }))
}

/** By which a resource is attached to links that are gone. */
function attachments({ address, resource }: Change, gone: Ends): Loss[] {
  return (resource?.references ?? []).flatMap(({ address: to, onReplace }) => {
    const by = gone.get(to)
    return by === undefined || typeof onReplace === "string" ? [] : [{ address, field: onReplace.update, touches: () => true, by }]
  })
}

function concerns({ field, touches }: Loss, { path, after }: FieldChange): boolean {
  if (after === undefined) return false
  if (path === field) return touches(after)
  return path.startsWith(`${field}.`) && touches({ [path.slice(field.length + 1)]: after })
}
