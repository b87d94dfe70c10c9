import type { Cidr, Ip } from "../../base/ip.ts"
import { contains, parseCidr, parseIp } from "../../base/ip.ts"
import type { LinkRef, NetDump, NetRequest, Route, RouteWish } from "../../kernel/kernel.ts"
import { ROUTE_PROTOCOL } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import type { ContainerAttributes } from "../container/spec.ts"
import type { RouteSpec } from "../container/spec-routing.ts"
import { defaultMetric, MAIN_TABLE, usualScope } from "../container/spec-routing.ts"

const DEFAULTS = new Set(["0.0.0.0/0", "::/0"])

/** True of a default route of either family. */
export function isDefault(to: string): boolean {
  return DEFAULTS.has(to)
}

/** `default` in the family of a gateway. */
export function defaultFor(gateway: string): string {
  return gateway.includes(":") ? "::/0" : "0.0.0.0/0"
}

/** The routes of a namespace that this program added: they bear our protocol number. */
export function ourRoutes({ routes }: Pick<NetDump, "routes">): Route[] {
  return routes.filter((r) => r.protocol === ROUTE_PROTOCOL)
}

/** The `routes` that the stack file gives a container. */
export function wantedRoutes(scope: Scope, container: string): RouteSpec[] {
  const resource = scope.resource(`container.${container}`)
  return resource === undefined ? [] : (resource.attributes as unknown as ContainerAttributes).routes
}

/**
 * True of a route such as an interface's `gateway` makes: a default route without a metric of its own, or anything else. Where the file
 * lists such a one under `routes`, it has no gateway of that family, and all of them are the container's.
 */
export function isGateway(route: Route, wanted: readonly RouteSpec[]): boolean {
  const plain = ({ to, metric, table }: Pick<RouteSpec, "to" | "metric" | "table">) =>
    to === route.to && (metric ?? defaultMetric(to)) === defaultMetric(to) && (table ?? MAIN_TABLE) === MAIN_TABLE
  return isDefault(route.to) && route.via !== undefined && plain(route) && !wanted.some(plain) && !saysMore(route)
}

function saysMore({ src, onlink, mtu, advmss, type }: Route): boolean {
  return type !== "unicast" || [src, onlink, mtu, advmss].some((value) => value !== undefined)
}

/** The gateways of one link of a container. */
export function gatewaysOf(scope: Scope, container: string, dump: NetDump, index: number): string[] {
  const wanted = wantedRoutes(scope, container)
  const gateways = ourRoutes(dump).filter((r) => r.dev === index && isGateway(r, wanted))
  return gateways.map((r) => r.via as string).sort()
}

/**
 * `ip route replace default via GATEWAY dev LINK` for each, after the deletion of those no longer wanted; the link has `addresses` by then. No file names a
 * gateway that none of these leads to, but what is given back as it was found may have one, whose address somebody took away: it gets a way for
 * as long as the kernel asks for one.
 */
export function gatewayChanges(
  link: LinkRef,
  have: readonly string[],
  want: readonly string[],
  addresses: readonly string[],
): NetRequest[] {
  const families = new Set(want.map(defaultFor))
  const gone = have.filter((via) => !families.has(defaultFor(via)))
  return [
    ...gone.map((via): NetRequest => routeDeletion({ to: defaultFor(via), via, dev: link })),
    ...want.flatMap((via): NetRequest[] => {
      const set: NetRequest = { op: "route-replace", to: defaultFor(via), via, dev: link }
      return isReached(via, addresses) ? [set] : withWay(via, link, set)
    }),
  ]
}

/** fe80::/10: addresses that are on every link. RFC 4291 */
const LINK_LOCAL = parseCidr("fe80::/10") as Cidr

function isReached(via: string, addresses: readonly string[]): boolean {
  const ip = parseIp(via) as Ip
  return [LINK_LOCAL, ...addresses.flatMap((address) => parseCidr(address) ?? [])].some((net) => contains(net, ip))
}

/** A metric that nobody else gives a route: the last one but that of routes which lead nowhere. */
const PASSING_METRIC = 0xffff_fffe

function withWay(via: string, dev: LinkRef, set: NetRequest): NetRequest[] {
  const way = passingWay(via, dev)
  return [way.set, set, way.remove]
}

/** What leads to a next hop by a link, and takes that away again. */
export function passingWay(via: string, dev: LinkRef): { set: NetRequest; remove: NetRequest } {
  const way = { to: `${via}/${via.includes(":") ? 128 : 32}`, dev, metric: PASSING_METRIC }
  return { set: { op: "route-append", protocol: ROUTE_PROTOCOL, ...way }, remove: { op: "route-delete", ...way } }
}

/** Without its metric the kernel would take the first of those that are alike otherwise. IPv4 knows no way to say metric 0. */
export function routeDeletion(route: RouteWish): NetRequest {
  const metric = route.metric ?? defaultMetric(route.to)
  return { op: "route-delete", ...route, ...(metric === 0 ? {} : { metric }) }
}

/** RTPROT_BOOT (by hand), RTPROT_STATIC, RTPROT_DHCP: those who set such a route do it once. rtnetlink(7) */
const ONCE = new Set([3, 4, 16, ROUTE_PROTOCOL])

/**
 * True of a route that is to be set again when its link comes back. The kernel's own come by themselves, and a routing daemon finds another
 * way meanwhile: its former one would be wrong by then.
 */
export function isLasting({ protocol, type }: Route): boolean {
  return ONCE.has(protocol) && type === "unicast"
}

/** What sets a route again that was read: as it was, whosever it is. */
export function routeAgain({ dev, metric, protocol, scope, ...route }: Route): NetRequest {
  const usual = usualScope(route)
  return {
    op: "route-replace",
    ...route,
    protocol,
    ...(dev === 0 ? {} : { dev }),
    ...(metric === 0 ? {} : { metric }),
    ...(scope === undefined || scope === usual ? {} : { scope }),
  }
}

/** Whether a route leaves by this link, alone or beside others. */
export function leavesBy({ dev, nexthops = [] }: Route, link: LinkRef): boolean {
  return dev === link || nexthops.some((hop) => hop.dev === link)
}
