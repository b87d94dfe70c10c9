import type { Address } from "../base/address.ts"
import { interfaceRelations } from "../kinds/interface/relations.ts"
import type { InterfaceAttributes } from "../kinds/interface/spec.ts"
import { mtuProblem } from "../kinds/interface/spec-mtu.ts"
import type { Draft, DraftInterface } from "./resolve.ts"

interface Parent {
  address: Address
  mtu: number
}

/** Links that lie on a link of the stack itself, by its name on the host: they are made after it, and go and come with it. */
export function connectParents(draft: Draft): void {
  const lying = [...draft.interfaces, ...draft.spare.flatMap(({ interfaces }) => interfaces)].filter(({ attributes }) =>
    liesOnAnother(attributes),
  )
  if (lying.length === 0) return
  const parents = parentsIn(draft)
  for (const one of lying) {
    const parent = parents.get(one.attributes.link?.parent ?? "")
    if (parent !== undefined) connectParent(one, parent)
  }
}

/** Hardware that is lent is the host's own. */
function liesOnAnother({ link }: InterfaceAttributes): boolean {
  return link?.parent !== undefined && link.kind !== "phys"
}

/** Bridges, and those ends of pairs that are the host's, by their names there. */
function parentsIn({ bridges, veths }: Draft): ReadonlyMap<string, Parent> {
  return new Map([
    ...bridges.map(({ attributes, entry }) => [attributes.interface, { address: entry.address, mtu: attributes.mtu }] as const),
    ...veths.flatMap(({ attributes: { endpoints, mtu }, entry: { address } }) =>
      endpoints.flatMap((end) => (end.container === "host" ? [[end.interface, { address, mtu }] as const] : [])),
    ),
  ])
}

function connectParent(one: DraftInterface, { address, mtu }: Parent): void {
  const { attributes, entry } = one
  if (attributes.link === undefined) return
  one.attributes = { ...attributes, parent: address }
  one.references = interfaceRelations(one.attributes).references
  const problem = mtuProblem(attributes.link.kind, attributes.mtu, mtu, `its parent ${address}`)
  if (problem !== undefined) entry.report(["mtu"], "mtu-too-large", problem.summary, { hint: problem.hint })
}
