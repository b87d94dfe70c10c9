import type { Address } from "../../base/address.ts"
import type { Link } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import { STACK_ALIAS } from "../../model/ownership.ts"
import type { Observed } from "../../model/resource.ts"
import { ownerOf } from "../link/owned.ts"
import { peerOnHost, places } from "../link/places.ts"

/** Ends in containers whose port somebody moved off the host: what is left of their interfaces. */
export function loneEnds(scope: Scope, whole: readonly Observed[]): Observed[] {
  const known = new Map(whole.map((o) => [o.address, o]))
  return places(scope).flatMap(({ container, dump }) =>
    container === "host" ? [] : dump.links.flatMap((link) => loneEnd(scope, known, container, link)),
  )
}

function loneEnd(scope: Scope, known: ReadonlyMap<Address, Observed>, container: Address, link: Link): Observed[] {
  const address = ownerOf(scope, container, link)
  if (link.kind !== "veth" || address === undefined || !address.startsWith("interface.") || isMarked(link) || known.has(address)) return []
  const outside = peerOnHost(scope, link)
  const port = outside === undefined ? undefined : ownerOf(scope, "host", outside)
  // The other end of a port that misses it goes with that one.
  const whole = port === undefined ? undefined : known.get(port)
  if (whole !== undefined && ((outside !== undefined && !isMarked(outside)) || whole.incomplete !== undefined)) return []
  return [
    {
      kind: "interface",
      address,
      name: address.slice("interface.".length),
      attributes: { container, interface: link.name },
      incomplete: "its port is not on the host",
      live: { inside: link.index, state: link.state },
    },
  ]
}

function isMarked({ alias }: Link): boolean {
  return alias.startsWith(STACK_ALIAS)
}
