import type { LinkRef, NetDump, NetRequest, Route } from "../../kernel/kernel.ts"
import { ROUTE_PROTOCOL } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import type { ContainerAttributes } from "../container/spec.ts"

const DEFAULTS = new Set(["0.0.0.0/0", "::/0"])

/** True of a default route of either family. */
export function isDefault(to: string): boolean {
  return DEFAULTS.has(to)
}

/** `default` in the family of a gateway. */
export function defaultFor(gateway: string): string {
  return gateway.includes(":") ? "::/0" : "0.0.0.0/0"
}

/** The routes of a namespace that this program added: they bear our protocol number, and lead somewhere (no `blackhole`). */
export function ourRoutes(dump: NetDump): Route[] {
  return dump.routes.filter((r) => r.protocol === ROUTE_PROTOCOL && r.type === "unicast")
}

/** The kernel's own metric of an IPv6 route that was given none. <net/ip6_route.h> IP6_RT_PRIO_USER */
const IPV6_METRIC = 1024

/** The metric of a route that was given none. */
export function defaultMetric(to: string): number {
  return to.includes(":") ? IPV6_METRIC : 0
}

export type RouteSpec = ContainerAttributes["routes"][number]

/** The `routes` that the stack file gives a container. */
export function wantedRoutes(scope: Scope, container: string): RouteSpec[] {
  const resource = scope.resource(`container.${container}`)
  return resource === undefined ? [] : (resource.attributes as unknown as ContainerAttributes).routes
}

/**
 * True of a route such as an interface's `gateway` makes: a default route without a metric of its own. Where the file lists
 * such a one under `routes`, it has no gateway of that family, and all of them are the container's.
 */
export function isGateway(route: Route, wanted: readonly RouteSpec[]): boolean {
  const plain = ({ to, metric }: Pick<RouteSpec, "to" | "metric">) => to === route.to && (metric ?? defaultMetric(to)) === defaultMetric(to)
  return isDefault(route.to) && route.via !== undefined && plain(route) && !wanted.some(plain)
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

/** Without its metric the kernel would take the first of those that are alike otherwise. IPv4 knows no way to say metric 0. */
export function routeDeletion(route: { to: string; via?: string; dev?: LinkRef; metric?: number }): NetRequest {
  const metric = route.metric ?? defaultMetric(route.to)
  return { op: "route-delete", ...route, ...(metric === 0 ? {} : { metric }) }
}
