import type { NetDump, NetRequest, Route } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import { ownerOf } from "../link/owned.ts"
import type { RouteSpec } from "../link/routes.ts"
import { defaultMetric, isGateway, ourRoutes, routeDeletion, wantedRoutes } from "../link/routes.ts"

/**
 * The container's routes of ours, spelt as the stack file spells them: a key the kernel filled in by itself (dev,
 * metric) shows only where the file has it too. A gateway is an attribute of its interface.
 */
export function observedRoutes(scope: Scope, container: string): RouteSpec[] {
  const dump = scope.dumpOf(container)
  if (dump === undefined) return []
  const wanted = wantedRoutes(scope, container)
  const found = ourRoutes(dump).flatMap((route) => {
    const twin = wanted.find((w) => matches(w, route, dump))
    if (twin !== undefined) return [twin]
    return isGateway(route, wanted) && isPort(scope, container, dump, route.dev) ? [] : [spell(route, dump)]
  })
  return sortRoutes(found)
}

/** True of an interface, also of one that is half-made or has lost its outer end. The ends of a veth pair have no gateways. */
function isPort(scope: Scope, container: string, dump: NetDump, index: number): boolean {
  const inside = dump.links.find((l) => l.index === index)
  return inside !== undefined && (ownerOf(scope, `container.${container}`, inside)?.startsWith("interface.") ?? false)
}

function matches(want: RouteSpec, have: Route, dump: NetDump): boolean {
  return (
    want.to === have.to &&
    want.via === have.via &&
    (want.dev === undefined || want.dev === nameOf(dump, have.dev)) &&
    (want.metric ?? defaultMetric(have.to)) === have.metric
  )
}

function nameOf(dump: NetDump, index: number): string | undefined {
  return dump.links.find((l) => l.index === index)?.name
}

function spell(route: Route, dump: NetDump): RouteSpec {
  const dev = nameOf(dump, route.dev)
  return {
    to: route.to,
    ...(route.via === undefined ? {} : { via: route.via }),
    ...(dev === undefined ? {} : { dev }),
    ...(route.metric === defaultMetric(route.to) ? {} : { metric: route.metric }),
  }
}

function sortRoutes(routes: RouteSpec[]): RouteSpec[] {
  const key = (r: RouteSpec) => `${r.to} ${r.via ?? ""} ${r.dev ?? ""} ${r.metric ?? 0}`
  return routes.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))
}

/** What brings the routes from `have` to `want`. All wanted ones are set again: a link that went down has lost its own. */
export function routeChanges(have: readonly RouteSpec[], want: readonly RouteSpec[]): NetRequest[] {
  const same = (a: RouteSpec, b: RouteSpec) => a.to === b.to && a.via === b.via && a.dev === b.dev && a.metric === b.metric
  return [
    ...have.filter((h) => !want.some((w) => same(h, w))).map(routeDeletion),
    ...want.map((r): NetRequest => ({ op: "route-replace", ...r })),
  ]
}
