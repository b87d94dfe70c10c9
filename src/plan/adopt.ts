import type { Address } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import { error, warning } from "../base/diagnostic.ts"
import type { Change, FieldChange } from "../model/change.ts"
import type { Adoption, Import } from "../model/imports.ts"
import type { Attributes, Foreign, Resource, Snapshot } from "../model/resource.ts"
import { causeOf, fieldText } from "./cause.ts"

/** The change of a resource that is not live yet, from the object that `import:` names; undefined where there is none. */
export function adoptionOf(
  resource: Resource,
  { adoptions }: Snapshot,
  compare: (observed: NonNullable<Adoption["observed"]>) => FieldChange[],
): Change | undefined {
  const found = adoptions?.get(resource.address)
  if (found?.observed === undefined) return undefined
  const { entry, observed } = found
  const { kind, address, name, attributes: after } = resource
  const fields = compare(observed)
  const base = { kind, address, name, resource, after, observed, before: observed.attributes, fields, drift: false }
  if (entry.back) return { ...base, action: fields.length === 0 ? "no-op" : "update", cause: causeOf("update", fields) }
  const differing = fields.length === 0 ? "" : `: ${causeOf("update", fields)}`
  return { ...base, action: "update", cause: `adopts ${entry.id}${differing}`, adopts: entry.id }
}

/** What stands in the place of a resource that adopts it does not stand in its way; of one that cannot be adopted that is told. */
export function withoutAdopted(foreign: readonly Foreign[], { adoptions }: Snapshot): readonly Foreign[] {
  if (adoptions === undefined) return foreign
  return foreign.filter(({ address, adoptable }) => {
    const found = adoptions.get(address)
    if (found?.observed === undefined) return found === undefined
    return adoptable === undefined || !linksOf(found.observed.attributes).includes(adoptable)
  })
}

/** Names of the links that attributes tell of. */
function linksOf({ interface: one, endpoints = [] }: Attributes): unknown[] {
  return [one, ...(endpoints as readonly { interface: string }[]).map((end) => end.interface)]
}

/** Why entries cannot be followed; and what stays, though others have put it there. */
export function adoptionDiagnostics({ adoptions }: Snapshot, changes: readonly Change[]): Diagnostic[] {
  if (adoptions === undefined) return []
  const byAddress = new Map(changes.map((change) => [change.address, change]))
  return [...adoptions].flatMap(([address, { entry, observed, problem }]) => {
    if (problem !== undefined) return [error("cannot-adopt", problem.summary, { ...problem, ...placeOf(entry) })]
    const change = byAddress.get(address)
    if (change?.adopts === undefined) return []
    const fixed = change.fields.filter((field) => field.forcesReplacement)
    if (fixed.length > 0) return [unlike(entry, fixed)]
    return observed?.occupied === undefined ? [] : [keeping(entry, observed.occupied.by)]
  })
}

function placeOf({ to, range }: Import): { address: Address; range?: NonNullable<Diagnostic["range"]> } {
  const where = range?.()
  return { address: to, ...(where === undefined ? {} : { range: where }) }
}

/** An adopted object is altered in place, or not at all. */
function unlike(entry: Import, fields: readonly FieldChange[]): Diagnostic {
  const [first] = fields as [FieldChange]
  return error("cannot-adopt", `${entry.id} cannot become ${entry.to}: ${first.path} cannot be changed in place`, {
    detail: fields.map(fieldText).join("\n"),
    hint: `have it in the stack file as it is there (\`${first.path}\`), or change it by hand first`,
    ...placeOf(entry),
  })
}

function keeping(entry: Import, by: readonly string[]): Diagnostic {
  return warning("adopted-in-use", `${entry.to} is adopted with what others have put into it: ${by[0]}`, {
    detail: [...by.slice(1), "that stays as it is; as long as it is there, the resource is neither destroyed nor replaced"].join("\n"),
    ...placeOf(entry),
  })
}
