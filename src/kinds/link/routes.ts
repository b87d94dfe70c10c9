import type { Ip } from "../../base/ip.ts"
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

/** `ip route replace default via GATEWAY dev LINK` for each, after the deletion of those no longer wanted. */
export function gatewayChanges(link: LinkRef, have: readonly string[], want: readonly string[]): NetRequest[] {
  const families = new Set(want.map(defaultFor))
  const gone = have.filter((via) => !families.has(defaultFor(via)))
  return [
    ...gone.map((via): NetRequest => routeDeletion({ to: defaultFor(via), via, dev: link })),
    ...want.map((via): NetRequest => ({ op: "route-replace", to: defaultFor(via), via, dev: link })),
  ]
}

/**
 * Those behind the changes of the link's addresses. But one that none of them, `addresses`, leads to, as it was found and is given back, comes before:
 * there is a way to it until the last one goes that did.
 */
export function withGateways(changes: readonly NetRequest[], gateways: readonly NetRequest[], addresses: readonly string[]): NetRequest[] {
  const nets = addresses.flatMap((address) => parseCidr(address) ?? [])
  const isReached = (via: string) => nets.some((net) => contains(net, parseIp(via) as Ip))
  const isGone = changes.some(({ op }) => op === "address-delete")
  const isEarly = (one: NetRequest) => isGone && one.op === "route-replace" && one.via !== undefined && !isReached(one.via)
  return [...gateways.filter(isEarly), ...changes, ...gateways.filter((one) => !isEarly(one))]
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
