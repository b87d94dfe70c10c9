import { formatCidr, networkOf, parseCidr } from "../../../src/base/ip.ts"
import type { NetRequest, NextHop, Route } from "../../../src/kernel/kernel.ts"
import { ROUTE_PROTOCOL } from "../../../src/kernel/kernel.ts"
import { linkToward } from "./addresses.ts"
import type { NetCall } from "./links.ts"
import { findLink } from "./links.ts"

type RouteRequest = NetRequest & { op: "route-replace" | "route-append" | "route-delete" }
type Hop = Pick<RouteRequest, "via" | "dev" | "onlink">

const MAIN_TABLE = 254
const IPV6_METRIC = 1024
const NOWHERE = new Set(["blackhole", "unreachable", "prohibit", "throw"])

/** Takes the place of a route with the same destination, table and metric, whoever made that one and wherever it leads. */
export function replaceRoute(call: NetCall, request: RouteRequest): void {
  const route = routeOf(call, request)
  const same = (r: Route) => r.to === route.to && r.metric === route.metric && r.table === route.table
  const at = call.network.routes.findIndex(same)
  if (at < 0) call.network.routes.push(route)
  else call.network.routes[at] = route
}

/** Behind those to the same place, unless it is there. */
export function appendRoute(call: NetCall, request: NetRequest & { op: "route-append" }): void {
  const route = { ...routeOf(call, request), protocol: request.protocol }
  if (call.network.routes.some((r) => r.to === route.to && r.dev === route.dev && r.metric === route.metric && r.table === route.table))
    call.refuse("EEXIST")
  call.network.routes.push(route)
}

function routeOf(call: NetCall, request: RouteRequest): Route {
  const { to, via, dev, nexthops, metric, type = "unicast", table = MAIN_TABLE, src, mtu, advmss, scope } = request
  const net = parseCidr(to)
  if (net === undefined || formatCidr(networkOf(net)) !== to) return call.refuse("EINVAL", "Invalid prefix for given prefix length")
  const isSix = net.family === 6
  const rest = {
    ...{ metric: metric || (isSix ? IPV6_METRIC : 0), protocol: ROUTE_PROTOCOL, table, type },
    ...(src === undefined ? {} : { src: ownAddress(call, src) }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(advmss === undefined ? {} : { advmss }),
    ...(isSix || scope === undefined ? {} : { scope }),
  }
  if (NOWHERE.has(type)) {
    if (via !== undefined || dev !== undefined || nexthops !== undefined)
      return call.refuse("EINVAL", "Gateway, device and multipath can not be specified for this route type")
    return { to, dev: isSix ? 1 : 0, ...rest }
  }
  if (nexthops === undefined) return { to, ...hopOf(call, request, isSix), ...rest }
  const hops = nexthops.map((hop): NextHop => ({ ...hopOf(call, hop, isSix), weight: hop.weight ?? 1 }))
  return { to, dev: 0, nexthops: hops, ...rest }
}

/** The kernel takes no source that is not an address of the namespace's. */
function ownAddress(call: NetCall, src: string): string {
  const own = [...call.network.links.values()].flatMap((link) => link.addresses.map(({ address }) => address.split("/")[0]))
  return own.includes(src) ? src : call.refuse("EINVAL", "Invalid prefsrc address")
}

function hopOf(call: NetCall, { via, dev, onlink }: Hop, isSix: boolean): Pick<Route, "via" | "dev" | "onlink"> {
  const wanted = dev === undefined ? undefined : findLink(call, dev)
  if (via === undefined || onlink) {
    if (wanted === undefined) return call.refuse("EINVAL")
    if (!wanted.up) call.refuse("ENETDOWN", "Device for nexthop is not up")
    return { dev: wanted.index, ...(via === undefined ? {} : { via, onlink: true }) }
  }
  const link = linkToward(wanted === undefined ? call.network.links.values() : [wanted], via)
  if (link === undefined) return isSix ? call.refuse("EHOSTUNREACH") : call.refuse("ENETUNREACH", "Nexthop has invalid gateway")
  return { via, dev: link.index }
}

/** The first route that has all that is given. */
export function deleteRoute(call: NetCall, { to, via, dev, metric, nexthops, table = MAIN_TABLE, type = "unicast" }: RouteRequest): void {
  const link = dev === undefined ? undefined : findLink(call, dev)
  const at = call.network.routes.findIndex(
    (r) =>
      r.to === to &&
      r.table === table &&
      r.type === type &&
      (via === undefined || r.via === via) &&
      (link === undefined || r.dev === link.index) &&
      (nexthops === undefined || r.nexthops?.length === nexthops.length) &&
      (metric === undefined || r.metric === metric),
  )
  if (at < 0) call.refuse("ESRCH")
  call.network.routes.splice(at, 1)
}
