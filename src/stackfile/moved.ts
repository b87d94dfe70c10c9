import type { Address } from "../base/address.ts"
import type { Range } from "../base/diagnostic.ts"
import type { Fragment } from "../model/fragment.ts"
import { keys } from "../model/fragment.ts"
import type { Move, Moves } from "../model/moves.ts"
import { destination } from "../model/moves.ts"
import type { MapNode } from "./node.ts"
import { rangeOfPath } from "./node.ts"

/** An entry of `moved:`, and where the file says it. */
export interface DraftMove extends Move {
  range(key: "from" | "to"): Range
}

/** `moved:` */
export function movedSchema(): Fragment {
  const address = (description: string) =>
    ({ description, type: "string", form: "an address such as container.web", examples: ["container.web"] }) as const
  return {
    description:
      "Resources that have another name than they had: what runs under the old one is renamed in place, not made anew. An entry whose move is made does nothing but keep the MAC addresses that were made from the old name; it may stay for good.",
    type: ["array", "null"],
    form: "a list of moves, each { from: ADDRESS, to: ADDRESS }",
    items: keys(
      "A move. Of a container it takes along its interfaces, and of one with replicas all of them.",
      {
        from: address("The address that it had: `container.www`. The file declares nothing under it any more."),
        to: address("The address that it has in this file: `container.web`."),
      },
      { required: ["from", "to"], form: "a map with from and to" },
    ),
    examples: [[{ from: "container.www", to: "container.web" }]],
  }
}

/** The entries of a file whose form is right. */
export function movesIn(root: MapNode, plain: { [key: string]: unknown }): DraftMove[] {
  const entries = (plain.moved ?? []) as Partial<Move>[]
  return entries.flatMap(({ from, to }, i) => {
    if (from === undefined || to === undefined) return []
    return [{ from, to, range: (key) => rangeOfPath({ key: root, value: root }, ["moved", i, key]) }]
  })
}

/** What values that are made from a resource's address are made from: the first one that it is known to have had. */
export function originOf(moves: readonly Move[]): (address: Address) => Address {
  const back: Moves = new Map(moves.map(({ from, to }) => [to, from]))
  return (address) => (back.size === 0 ? address : destination(back, address))
}
