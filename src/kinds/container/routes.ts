import type { NetDump, NetRequest, NextHop, Route } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import { ownerOf } from "../link/owned.ts"
import { isGateway, ourRoutes, routeDeletion, wantedRoutes } from "../link/routes.ts"
import type { NextHopSpec, RouteSpec } from "./spec-routing.ts"
import { defaultMetric, hopKey, inOrder, MAIN_TABLE, NOWHERE, routeKey, routePlace, usualScope } from "./spec-routing.ts"

/**
 * The container's routes of ours, spelt as the stack file spells them: a key the kernel filled in by itself (dev,
 * metric) shows only where the file has it too. A gateway is an attribute of its interface. `others`: those of other tables than the main one.
 */
export function observedRoutes(scope: Scope, container: string, others: readonly Route[] = []): RouteSpec[] {
  const dump = scope.dumpOf(container)
  if (dump === undefined) return []
  const wanted = wantedRoutes(scope, container)
  const found = [...ourRoutes(dump), ...others].flatMap((route) => {
    const spelt = spell(route, dump)
    const twin = wanted.find((w) => routeKey(w) === routeKey(sayingNoMore(spelt, w)))
    if (twin !== undefined) return [twin]
    return isGateway(route, wanted) && isPort(scope, container, dump, route.dev) ? [] : [spelt]
  })
  return inOrder(found, routeKey)
}

/** True of an interface, also of one that is half-made or has lost its outer end. The ends of a veth pair have no gateways. */
function isPort(scope: Scope, container: string, dump: NetDump, index: number): boolean {
  const inside = dump.links.find((l) => l.index === index)
  return inside !== undefined && (ownerOf(scope, `container.${container}`, inside)?.startsWith("interface.") ?? false)
}

/** Without the interfaces that the wanted one leaves to the kernel, and with a metric that it need not have said. */
function sayingNoMore({ dev, metric, nexthops, ...have }: RouteSpec, want: RouteSpec): RouteSpec {
  const usual = metric === undefined && want.metric === defaultMetric(want.to) ? want.metric : metric
  const hops = nexthops?.map(({ dev, ...hop }) => {
    const named = want.nexthops?.some((w) => w.dev === dev && w.via === hop.via) ?? true
    return named && dev !== undefined ? { dev, ...hop } : hop
  })
  return {
    ...have,
    ...(dev === undefined || want.dev === undefined ? {} : { dev }),
    ...(usual === undefined ? {} : { metric: usual }),
    ...(hops === undefined ? {} : { nexthops: inOrder(hops, hopKey) }),
  }
}

function nameOf(dump: NetDump, index: number): string | undefined {
  return dump.links.find((l) => l.index === index)?.name
}

function spell(route: Route, dump: NetDump): RouteSpec {
  const { to, via, nexthops, table, metric, src, scope, onlink, mtu, advmss } = route
  const type = route.type === "unicast" ? undefined : (route.type as RouteSpec["type"])
  const dev = type !== undefined && NOWHERE.has(type) ? undefined : nameOf(dump, route.dev)
  const hops =
    nexthops === undefined
      ? undefined
      : inOrder(
          nexthops.map((hop) => spellHop(hop, dump)),
          hopKey,
        )
  const spelt: RouteSpec = {
    to,
    ...(type === undefined ? {} : { type }),
    ...(via === undefined ? {} : { via }),
    ...(dev === undefined ? {} : { dev }),
    ...(hops === undefined ? {} : { nexthops: hops }),
    ...(table === MAIN_TABLE ? {} : { table }),
    ...(metric === defaultMetric(to) ? {} : { metric }),
    ...(src === undefined ? {} : { src }),
    ...(onlink === undefined ? {} : { onlink }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(advmss === undefined ? {} : { advmss }),
  }
  return scope === undefined || scope === usualScope(spelt) ? spelt : { ...spelt, scope }
}

function spellHop({ via, dev, weight, onlink }: NextHop, dump: NetDump): NextHopSpec {
  const name = nameOf(dump, dev)
  return {
    ...(via === undefined ? {} : { via }),
    ...(name === undefined ? {} : { dev: name }),
    ...(weight === 1 ? {} : { weight }),
    ...(onlink === undefined ? {} : { onlink }),
  }
}

/**
 * What brings the routes from `have` to `want`. All wanted ones are set again: a link that went down has lost its own. One that has the place
 * of a wanted one is replaced by it at once, without a moment between; one beside it in that place goes before.
 */
export function routeChanges(have: readonly RouteSpec[], want: readonly RouteSpec[]): { gone: NetRequest[]; set: NetRequest[] } {
  const wanted = new Set(want.map(routeKey))
  const places = new Set(want.map(routePlace))
  const gone = have.filter((route) => {
    if (wanted.has(routeKey(route))) return false
    const beside = have.filter((other) => routePlace(other) === routePlace(route))
    return !places.has(routePlace(route)) || beside.length > 1
  })
  // A next hop is to be on the link by the time it is named.
  const isDirect = ({ via, nexthops }: RouteSpec) => via === undefined && nexthops === undefined
  const ordered = [...want.filter(isDirect), ...want.filter((route) => !isDirect(route))]
  return { gone: gone.map(routeDeletion), set: ordered.map(({ ways: _, ...r }): NetRequest => ({ op: "route-replace", ...r })) }
}
