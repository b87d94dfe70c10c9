import type { Address } from "../base/address.ts"
import { kinds } from "../kinds/catalog.ts"
import type { Change, FieldChange } from "../model/change.ts"

/**
 * What shares a namespace with a container that has ended may have lost it, or its own command, by that; what was in that namespace is gone
 * with it: then it is told so, and not as somebody's doing.
 */
export function withEnds(changes: readonly Change[]): readonly Change[] {
  const ended = new Set(changes.filter((change) => kinds[change.kind].hasEnded?.(change)).map(({ address }) => address))
  return ended.size === 0
    ? changes
    : changes.map((change) => (change.fields.length === 0 ? goneWith(change, ended) : endedWith(change, ended)))
}

/** A link that is not there goes with each of the containers that it would have to be made anew with. */
function goneWith(change: Change, ended: ReadonlySet<Address>): Change {
  const { action, drift, resource, cause } = change
  if (action !== "create" || !drift || resource === undefined) return change
  const whole = resource.references.find(({ address, onReplace }) => onReplace === "replace" && ended.has(address))?.address
  return whole === undefined ? change : { ...change, drift: false, endedWith: whole, cause: `${whole} has ended: ${cause}` }
}

function endedWith(change: Change, ended: ReadonlySet<Address>): Change {
  const { kind, after, fields } = change
  const by = (field: FieldChange) => {
    const other = field.drift && kinds[kind].sharedWith?.(field, after ?? {})
    return other !== undefined && ended.has(other) ? other : undefined
  }
  const others = fields.map(by)
  const first = others.find((other) => other !== undefined)
  if (first === undefined) return change
  const told = fields.map((field, i) => (others[i] === undefined ? field : withoutDrift(field)))
  return {
    ...change,
    fields: told,
    drift: told.some((field) => field.drift),
    endedWith: first,
    cause: `${first} has ended: ${change.cause}`,
  }
}

function withoutDrift({ drift: _, ...field }: FieldChange): FieldChange {
  return field
}
