import type { Diagnostic } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import { kinds } from "../kinds/catalog.ts"
import type { Change, FieldChange } from "../model/change.ts"
import type { Desired, Foreign, HostFacts, Observed, Resource, Snapshot } from "../model/resource.ts"
import { adoptionDiagnostics, adoptionOf, withoutAdopted } from "./adopt.ts"
import { causeOf, incompleteCause, REPLACEMENT_ASKED } from "./cause.ts"
import { withEnds } from "./ended.ts"
import { differences, valueAt } from "./fields.ts"
import { ignoredFields, leavingAlone } from "./ignored.ts"
import { implied } from "./implied.ts"
import { withoutSwaps } from "./swaps.ts"
import { sameValue } from "./values.ts"

export interface Differences {
  changes: Change[]
  diagnostics: Diagnostic[]
}

/**
 * Every resource's verdict: the wanted ones in the file's order, then those only the kernel has. Pure. What stands in
 * the place of a wanted one without our mark is an error, unless `import:` names it.
 */
export function diff(desired: Desired, snapshot: Snapshot): Differences {
  const wanted = new Set(desired.resources.map((r) => r.address))
  const surplus = [...snapshot.resources.values()].filter((o) => !wanted.has(o.address))
  const changes = [
    ...desired.resources.map((resource) => verdict(resource, snapshot)),
    ...surplus.sort((a, b) => (a.address < b.address ? -1 : 1)).map((observed) => deletion(observed, desired)),
  ]
  const all = implied(withEnds(withoutSwaps(changes)))
  return {
    changes: all,
    diagnostics: [
      ...foreignDiagnostics(desired, withoutAdopted(foreignThatStays(snapshot, all), snapshot)),
      ...adoptionDiagnostics(snapshot, all),
      ...desired.resources.flatMap((r) => kinds[r.kind].check?.(r, snapshot.host) ?? []),
    ],
  }
}

function verdict(resource: Resource, snapshot: Snapshot): Change {
  const observed = snapshot.resources.get(resource.address)
  const { kind, address, name } = resource
  const base = { kind, address, name, resource, after: resource.attributes, fields: [], drift: false }
  const lost = snapshot.lost?.has(address) ?? false
  const adopted = adoptionOf(resource, snapshot, (it) => compare(resource, it, snapshot.host))
  if (adopted !== undefined) return adopted
  if (observed === undefined) return { ...base, action: "create", cause: "not there", drift: lost, before: null }
  const { movedFrom, unfinished } = observed
  const found = { ...base, observed, before: observed.attributes, ...(movedFrom === undefined ? {} : { movedFrom }) }
  if (observed.incomplete !== undefined) return { ...found, action: "replace", ...brokenness(observed.incomplete, observed.applied) }
  const all = withDrift(compare(resource, observed, snapshot.host), resource, observed, snapshot.host)
  const ignored = ignoredFields(all, resource, observed)
  const fields = all.filter((field) => !ignored.includes(field))
  if (resource.givenBack !== undefined) return { ...found, action: "update", cause: `given back as ${resource.givenBack}`, fields }
  const move = movedFrom === undefined ? unfinished : `moved from ${movedFrom}`
  if (fields.length === 0 && move === undefined) return { ...found, action: "no-op", cause: "" }
  const action = fields.some((f) => f.forcesReplacement) ? "replace" : "update"
  const change = {
    ...found,
    action,
    cause: [move, causeOf(action, fields)].filter(Boolean).join(", "),
    fields,
    drift: fields.some((field) => field.drift),
    ...(action === "replace" && kinds[kind].keeps?.(observed, fields) === true ? { keeps: true as const } : {}),
  } as const
  if (action === "replace" || ignored.length === 0) return change
  const left = leavingAlone(resource, ignored)
  return { ...change, resource: left, after: left.attributes }
}

function compare(resource: Resource, observed: Observed, host: HostFacts): FieldChange[] {
  const kind = kinds[resource.kind]
  const sides = kind.normalise?.(resource.attributes, observed, host) ?? { desired: resource.attributes, observed: observed.attributes }
  const fields = differences(kind.rules, sides.desired, sides.observed)
  const eased = (field: FieldChange) => field.forcesReplacement && kind.inPlace?.(field, sides.desired, observed) === true
  return fields.some(eased) ? fields.map((field) => (eased(field) ? { ...field, forcesReplacement: false } : field)) : fields
}

/** What an apply has left whole and is found broken, someone else has broken. */
function brokenness(incomplete: string, applied: Observed["applied"]): Pick<Change, "cause" | "drift"> {
  return { cause: incompleteCause(incomplete), drift: applied != null && incomplete !== REPLACEMENT_ASKED }
}

/**
 * Drift: a field that the last apply wanted just as the file wants it now, and that is not as that apply left it. Where no record tells
 * what it wanted, nothing is called so.
 */
function withDrift(fields: FieldChange[], resource: Resource, observed: Observed, host: HostFacts): FieldChange[] {
  const { applied } = observed
  if (applied == null || fields.length === 0) return fields
  const byHand = new Set(compare({ ...resource, attributes: applied }, observed, host).map(({ path }) => path))
  const isDrift = (path: string) => byHand.has(path) && sameValue(valueAt(resource.attributes, path), valueAt(applied, path))
  return fields.map((field) => (isDrift(field.path) ? { ...field, drift: true } : field))
}

function deletion(observed: Observed, { unwanted: cause = "not in the stack file" }: Desired): Change {
  const { kind, address, name, attributes } = observed
  return { kind, address, name, action: "delete", cause, fields: [], drift: false, before: attributes, after: null, observed }
}

/** What is in the namespace of a container that is made anew goes with it. */
function foreignThatStays(snapshot: Snapshot, changes: readonly Change[]): Foreign[] {
  const replaced = new Set(changes.filter((c) => c.action === "replace" && c.keeps === undefined).map((c) => c.address))
  return snapshot.foreign.filter(({ within }) => within === undefined || !replaced.has(within))
}

function foreignDiagnostics(desired: Desired, foreign: readonly Foreign[]): Diagnostic[] {
  const resources = new Map(desired.resources.map((r) => [r.address, r]))
  return foreign.map(({ address, what, adoptable }) => {
    const range = resources.get(address)?.range()
    const entry = adoptable === undefined ? "" : `; or make it the stack's: \`import: [{ to: ${address}, name: ${adoptable} }]\``
    return error("foreign-object", `${what}, and ${address} wants its place`, {
      hint: `remove or rename that object, or choose another name in the stack file: what others made is never changed${entry}`,
      address,
      ...(range === undefined ? {} : { range }),
    })
  })
}
