import type { Address } from "../../base/address.ts"
import type { Link } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import type { Adoption, Import } from "../../model/imports.ts"
import { ownerProblem, unmarkedLink } from "../link/adoptable.ts"
import type { Place } from "../link/places.ts"

/** One end of a pair, found in some namespace. */
export interface End extends Place {
  link: Link
}

/** Both ends of the unmarked pair of which an entry names one; only on the host can somebody else have made both. */
export function unmarkedPair(scope: Scope, entry: Import): { ends: [End, End] } | { problem: NonNullable<Adoption["problem"]> } {
  const found = unmarkedLink(scope, entry, "veth")
  if ("problem" in found) return found
  const peer = hostPeer(scope, found.link)
  if (peer === undefined) {
    const hint =
      "only a pair with both ends on the host can be adopted: bring the other one there (`ip link set NAME netns 1`), or delete the pair"
    return { problem: { summary: `the other end of link ${entry.id} is in another network namespace`, hint } }
  }
  const owner = ownerProblem(scope.stack, peer)
  return owner === undefined ? { ends: [hostEnd(scope, found.link), hostEnd(scope, peer)] } : { problem: owner }
}

/**
 * The unmarked ends of pairs whose adoption was cut short between the two: such a pair has a mark at one end, and an entry of `import:`
 * still says whose it is.
 */
export function endsLeftUnmarked(scope: Scope, marked: ReadonlyMap<Address, readonly End[]>): Map<Address, [End]> {
  const found = new Map<Address, [End]>()
  for (const { to } of scope.desired.imports ?? []) {
    const [end, ...others] = marked.get(to) ?? []
    const peer = end === undefined || others.length > 0 || end.container !== "host" ? undefined : hostPeer(scope, end.link)
    if (peer !== undefined && ownerProblem(scope.stack, peer) === undefined) found.set(to, [hostEnd(scope, peer)])
  }
  return found
}

function hostPeer(scope: Scope, link: Link): Link | undefined {
  const peer = scope.linkByIndex(link.peerIndex)
  return peer?.kind === "veth" && peer.peerIndex === link.index ? peer : undefined
}

function hostEnd({ host }: Scope, link: Link): End {
  return { container: "host", link, dump: host }
}
