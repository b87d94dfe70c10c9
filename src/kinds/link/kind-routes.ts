import type { Address } from "../../base/address.ts"
import { contains, parseCidr, parseIp } from "../../base/ip.ts"
import type { Disturbance } from "../../model/kind.ts"
import type { Value } from "../../model/resource.ts"
import type { NeighbourSpec, NextHopSpec, RouteSpec } from "../container/spec-routing.ts"

/**
 * What of a container's goes with a link: routes that leave by it, by its name or by a next hop in one of its subnets; neighbours on it; and
 * the kernel parameters of its name, which a new one has at their defaults.
 */
export function lostWithLink(container: Address, link: string, addresses: readonly string[]): Disturbance[] {
  const routes = (list: Value) => (list as unknown as readonly RouteSpec[]).some((route) => leavesBy(route, link, addresses))
  return [
    { address: container, field: "routes", touches: routes },
    lostWithMac(container, link),
    { address: container, field: "sysctls", touches: (names) => Object.keys(names as object).some((name) => isOfLink(name, link)) },
  ]
}

/** Routes that send from an address that goes, or that gets another prefix: the kernel drops them, or what they send from. fib_sync_down_addr(), fib6_remove_prefsrc() */
export function lostWithAddresses(container: Address, before: readonly string[], after: readonly string[]): Disturbance {
  const gone = before.filter((address) => !after.includes(address)).map((address) => address.replace(/\/.*/, ""))
  const touches = (list: Value) => (list as unknown as readonly RouteSpec[]).some(({ src }) => src !== undefined && gone.includes(src))
  return { address: container, field: "routes", touches }
}

/** Neighbours go, lasting ones too, when their link gets another MAC address. neigh_changeaddr() in net/core/neighbour.c */
export function lostWithMac(container: Address, link: string): Disturbance {
  const touches = (list: Value) => (list as unknown as readonly NeighbourSpec[]).some(({ dev }) => dev === link)
  return { address: container, field: "neighbours", touches }
}

/** `net.ipv4.conf.eth0.rp_filter`, `net.ipv6.neigh.eth0/10.base_reachable_time_ms` */
function isOfLink(sysctl: string, link: string): boolean {
  const word = link.replaceAll(".", "/")
  return ["ipv4", "ipv6"].some((family) => ["conf", "neigh"].some((part) => sysctl.startsWith(`net.${family}.${part}.${word}.`)))
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
