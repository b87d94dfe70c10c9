import type { Cidr, Ip } from "../../base/ip.ts"
import { contains, parseCidr } from "../../base/ip.ts"
import type { Draft, DraftContainer, DraftInterface } from "../resolve.ts"

/** The subnets that are on one interface's link: of its own addresses, or, where those are automatic, of its bridge. */
export function subnetsOf(draft: Draft, { attributes }: DraftInterface): Cidr[] {
  const own = attributes.address.flatMap((a) => parseCidr(a) ?? [])
  if (!attributes.address.includes("auto")) return own
  const bridge = draft.bridges.find((b) => b.entry.address === attributes.bridge)
  return bridge?.attributes.address.flatMap((a) => parseCidr(a) ?? []) ?? []
}

/** The interfaces of a container by name, its ends of pairs among them, each with its subnets. */
export function linksOf(draft: Draft, container: DraftContainer): Map<string, { subnets: Cidr[]; up: boolean }> {
  const links = new Map(container.interfaces.map((i) => [i.attributes.interface, { subnets: subnetsOf(draft, i), up: i.attributes.up }]))
  for (const { attributes } of draft.veths) {
    for (const end of attributes.endpoints) {
      if (end.container === container.entry.address)
        links.set(end.interface, { subnets: end.address.flatMap((a) => parseCidr(a) ?? []), up: end.up })
    }
  }
  return links
}

/** A next hop that can be reached without another. IPv6 link-local addresses are on every link. */
export function isOnLink(subnets: readonly Cidr[], ip: Ip): boolean {
  return (ip.family === 6 && ip.value >> 118n === 0x3fan) || subnets.some((subnet) => contains(subnet, ip))
}
