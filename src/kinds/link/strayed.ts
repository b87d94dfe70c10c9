import type { Address } from "../../base/address.ts"
import type { Link } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import { isOfGroup } from "../../model/ownership.ts"
import { fitsType, markedOwner } from "./marked.ts"
import type { Place } from "./places.ts"
import { peerOnHost, places } from "./places.ts"
import { bridgesOfMac, recordedLinks, wantedLinks } from "./wanted.ts"

/**
 * The resource that a link of the stack's group is, which stands in no place of the file: a bridge by its hardware address, the port of a pair by
 * the other end, where that is in its place.
 */
export function strayedOwner(scope: Scope, where: Place["container"], link: Link): Address | undefined {
  if (where !== "host") return undefined
  return link.kind === "bridge" ? strayedBridge(scope, link) : strayedPort(scope, link)
}

function strayedBridge(scope: Scope, { mac }: Link): Address | undefined {
  return bridgesOfMac(scope, mac).find((address) => isLost(scope, address, []))
}

function strayedPort(scope: Scope, link: Link): Address | undefined {
  if (link.kind !== "veth") return undefined
  for (const { container, dump } of places(scope)) {
    const inside = container === "host" ? undefined : dump.links.find((other) => peerOnHost(scope, other) === link)
    if (inside !== undefined) return wantedLinks(scope).get(`${container}/${inside.name}`)
  }
  return undefined
}

/** Whether the last apply wanted a link of this type that is nowhere to be found: then this one, in the stack's group, may be nobody else's. */
export function mayBeLost(scope: Scope, { kind }: Link): boolean {
  return recordedLinks(scope).some(([address, spots]) => fitsType(address, kind) && isLost(scope, address, spots))
}

/** No link bears its mark, or is of the stack's group in a place of its own. */
function isLost(scope: Scope, address: Address, recorded: readonly string[]): boolean {
  const wanted = wantedLinks(scope)
  const isIn = (spot: string) => wanted.get(spot) === address || recorded.includes(spot)
  return !places(scope).some(({ container, dump }) =>
    dump.links.some(
      (link) =>
        markedOwner(scope, link) === address ||
        (isOfGroup(scope.stack, link) && fitsType(address, link.kind) && isIn(`${container}/${link.name}`)),
    ),
  )
}
