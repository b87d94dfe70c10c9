import type { Draft } from "../resolve.ts"
import { clashFinder } from "./clashes.ts"

/** A device is lent to one interface, and is meanwhile not on the host for others to lie on. */
export function checkLent(draft: Draft): void {
  const lent = draft.interfaces.filter(({ attributes }) => attributes.link?.kind === "phys")
  if (lent.length === 0) return
  const clash = clashFinder({
    code: "lent-twice",
    what: (device) => `device ${device}`,
    hint: "lend each device to one interface",
    replicasHint: "lend each replica a device of its own, named with its index",
  })
  for (const { attributes, entry, source } of lent)
    clash(attributes.link?.parent ?? "", { who: entry.address, entry, source, path: ["phys"] })
  const away = new Map(lent.toReversed().map(({ attributes, entry }) => [attributes.link?.parent, entry.address]))
  for (const { attributes, entry } of draft.interfaces) {
    const { kind = "phys", parent } = attributes.link ?? {}
    const taker = parent === undefined ? undefined : away.get(parent)
    if (kind === "phys" || taker === undefined) continue
    entry.report([kind], "lent-parent", `${parent} is lent to ${taker}, and this ${kind} is to lie on it`, {
      hint: "lend another device, or have both lie on it: a macvlan each",
    })
  }
}
