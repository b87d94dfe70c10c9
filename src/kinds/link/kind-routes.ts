import type { Address } from "../../base/address.ts"
import { contains, parseCidr, parseIp } from "../../base/ip.ts"
import type { Disturbance } from "../../model/kind.ts"
import type { Value } from "../../model/resource.ts"
import type { NeighbourSpec, NextHopSpec, RouteSpec } from "../container/spec-routing.ts"

/** What of a container's leaves by a link goes with it: routes by its name, or by a next hop in one of its subnets; neighbours on it. */
export function lostRoutes(container: Address, link: string, addresses: readonly string[]): Disturbance[] {
  const routes = (list: Value) => (list as unknown as readonly RouteSpec[]).some((route) => leavesBy(route, link, addresses))
  const neighbours = (list: Value) => (list as unknown as readonly NeighbourSpec[]).some(({ dev }) => dev === link)
  return [
    { address: container, field: "routes", touches: routes },
    { address: container, field: "neighbours", touches: neighbours },
  ]
}

/** The address that a route sends from is the link's too: the kernel drops routes from an address that goes. */
function leavesBy({ nexthops = [], src, ...own }: RouteSpec, link: string, addresses: readonly string[]): boolean {
  const ways: NextHopSpec[] = [own, ...nexthops]
  if (ways.some(({ dev }) => dev === link)) return true
  const hops = [src, ...ways.filter(({ dev }) => dev === undefined).map(({ via }) => via)]
  return hops.flatMap((hop) => (hop === undefined ? [] : (parseIp(hop) ?? []))).some((hop) => addresses.some((text) => isIn(hop, text)))
}

function isIn(hop: NonNullable<ReturnType<typeof parseIp>>, text: string): boolean {
  const subnet = parseCidr(text)
  return subnet !== undefined && contains(subnet, hop)
}
