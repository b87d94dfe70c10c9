import type { Cidr } from "../../base/ip.ts"
import { formatCidr, networkOf, overlaps, parseCidr } from "../../base/ip.ts"
import type { Draft, DraftContainer } from "../resolve.ts"
import type { Spot } from "./spots.ts"
import { addressPath, hostPart, interfacePath, placeText } from "./spots.ts"

/** An address of a container's, and which link it is on. */
interface Placed {
  /** Links on one bridge are one. */
  link: string
  net: Cidr
  /** As the file means it, with its prefix length. */
  address: string
  /** Where that is written is asked of few. */
  spot(): Spot
}

/**
 * A container that joins two links with overlapping subnets: what is for one of them it sends to the other. Whoever has a table for each
 * (`rules`, a vrf) may want just that.
 */
export function checkJoinedSubnets(draft: Draft): void {
  const told = new Set<string>()
  const ends = endsOf(draft)
  for (const container of draft.containers) {
    const placed = [...portsOf(draft, container), ...(ends.get(container.entry.address) ?? [])]
    if (apart(placed.map(({ net }) => net))) continue
    for (const [i, second] of placed.entries()) {
      const first = placed.slice(0, i).find(({ link, net }) => link !== second.link && overlaps(net, second.net))
      // The same address on both is told as that.
      if (first === undefined || hostPart(first.address) === hostPart(second.address)) continue
      const [spot, other] = [second.spot(), first.spot()]
      const place = placeText(spot)
      if (told.has(place)) continue
      told.add(place)
      const summary = `subnet ${formatCidr(second.net)} overlaps that of ${other.who}, ${formatCidr(first.net)} (${placeText(other)}): ${container.entry.address} joins both`
      spot.entry.report(spot.path, "joined-subnets", summary, {
        severity: "warning",
        hint: "give each link a subnet of its own, or each a table (`routes` with `table`, and `rules`)",
      })
    }
  }
}

/** No two overlap. Subnets are in one another or apart, so that in order of their beginnings two that overlap have two neighbours that do. */
function apart(nets: readonly Cidr[]): boolean {
  const inOrder = [...nets].sort((a, b) => a.family - b.family || (a.value < b.value ? -1 : a.value > b.value ? 1 : a.prefix - b.prefix))
  return inOrder.every((net, i) => i === 0 || !overlaps(inOrder[i - 1] as Cidr, net))
}

/** A lone address takes nothing away from a subnet that it is in. */
function subnet(address: string): Cidr | undefined {
  const cidr = parseCidr(address)
  return cidr === undefined || cidr.prefix === (cidr.family === 4 ? 32 : 128) ? undefined : networkOf(cidr)
}

function portsOf(draft: Draft, { interfaces }: DraftContainer): Placed[] {
  return interfaces.flatMap((one) =>
    one.attributes.address.flatMap((address): Placed[] => {
      const net = subnet(address)
      if (net === undefined) return []
      const spot = () => ({ who: one.entry.address, entry: one.entry, source: one.source, path: interfacePath(draft, one, address) })
      return [{ link: one.attributes.bridge ?? one.entry.address, net, address, spot }]
    }),
  )
}

/** Those of the ends of pairs, by the container that has them. */
function endsOf(draft: Draft): Map<string, Placed[]> {
  const found = new Map<string, Placed[]>()
  for (const { attributes, entry, source, value } of draft.veths) {
    for (const [i, end] of attributes.endpoints.entries()) {
      for (const address of end.address) {
        const net = subnet(address)
        const written = value.endpoints?.[i]
        if (net === undefined || typeof written !== "object") continue
        const path = () => addressPath(["endpoints", i, "address"], written.address, address)
        const spot = () => ({ who: `${entry.address}'s end ${end.interface}`, entry, source, path: path() })
        const placed = { link: entry.address, net, address, spot }
        const those = found.get(end.container)
        if (those === undefined) found.set(end.container, [placed])
        else those.push(placed)
      }
    }
  }
  return found
}
