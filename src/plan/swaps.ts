import { kinds } from "../kinds/catalog.ts"
import type { Change } from "../model/change.ts"
import { isDoing } from "../model/change.ts"
import { causeOf } from "./cause.ts"

/** Fields that hold the name of a link. */
const NAME = /^(host_)?interface$/

/**
 * Links that are to take each other's names cannot be renamed in place: each would wait for another to leave its name. They are made
 * anew.
 */
export function withoutSwaps(changes: readonly Change[]): readonly Change[] {
  const renamed = changes.filter(({ action, fields }) => action === "update" && fields.some(({ path }) => NAME.test(path)))
  const circular = new Set(inCircles(renamed))
  return circular.size === 0 ? changes : changes.map((change) => (circular.has(change) ? replaced(change) : change))
}

/** What is left when all go that wait for nobody or that nobody waits for, until no more goes. */
function inCircles(changes: readonly Change[]): Change[] {
  const places = changes.filter(isDoing).map((change) => {
    const drafts = kinds[change.kind].steps(change)
    return { change, frees: drafts.flatMap(({ frees = [] }) => frees), takes: drafts.flatMap(({ takes = [] }) => takes) }
  })
  let left = places
  for (let before = -1; before !== left.length; ) {
    before = left.length
    const [freed, taken] = [new Set(left.flatMap(({ frees }) => frees)), new Set(left.flatMap(({ takes }) => takes))]
    left = left.filter(({ frees, takes }) => takes.some((place) => freed.has(place)) && frees.some((place) => taken.has(place)))
  }
  return left.map(({ change }) => change)
}

function replaced(change: Change): Change {
  const fields = change.fields.map((field) => ({ ...field, forcesReplacement: field.forcesReplacement || NAME.test(field.path) }))
  return { ...change, action: "replace", fields, cause: causeOf("replace", fields) }
}
