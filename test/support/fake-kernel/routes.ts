import { formatCidr, networkOf, parseCidr } from "../../../src/base/ip.ts"
import type { NetRequest, Route } from "../../../src/kernel/kernel.ts"
import { ROUTE_PROTOCOL } from "../../../src/kernel/kernel.ts"
import { linkToward } from "./addresses.ts"
import type { NetCall } from "./links.ts"
import { findLink } from "./links.ts"

type RouteRequest = NetRequest & { op: "route-replace" | "route-delete" }

const MAIN_TABLE = 254
const IPV6_METRIC = 1024

/** Takes the place of a route with the same destination and metric, whoever made that one and wherever it leads. */
export function replaceRoute(call: NetCall, request: RouteRequest): void {
  const route = routeOf(call, request)
  const same = (r: Route) => r.to === route.to && r.metric === route.metric && r.table === route.table
  const at = call.network.routes.findIndex(same)
  if (at < 0) call.network.routes.push(route)
  else call.network.routes[at] = route
}

function routeOf(call: NetCall, { to, via, dev, metric }: RouteRequest): Route {
  const net = parseCidr(to)
  if (net === undefined || formatCidr(networkOf(net)) !== to) return call.refuse("EINVAL", "Invalid prefix for given prefix length")
  const rest = { metric: metric || (net.family === 6 ? IPV6_METRIC : 0), protocol: ROUTE_PROTOCOL, table: MAIN_TABLE, type: "unicast" }
  const wanted = dev === undefined ? undefined : findLink(call, dev)
  if (via === undefined) {
    if (wanted === undefined) return call.refuse("EINVAL")
    if (!wanted.up) call.refuse("ENETDOWN", "Device for nexthop is not up")
    return { to, dev: wanted.index, ...rest }
  }
  const link = linkToward(wanted === undefined ? call.network.links.values() : [wanted], via)
  if (link === undefined) return net.family === 6 ? call.refuse("EHOSTUNREACH") : call.refuse("ENETUNREACH", "Nexthop has invalid gateway")
  return { to, via, dev: link.index, ...rest }
}

/** The first route that has all that is given. */
export function deleteRoute(call: NetCall, { to, via, dev, metric }: RouteRequest): void {
  const link = dev === undefined ? undefined : findLink(call, dev)
  const at = call.network.routes.findIndex(
    (r) =>
      r.to === to &&
      (via === undefined || r.via === via) &&
      (link === undefined || r.dev === link.index) &&
      (metric === undefined || r.metric === metric),
  )
  if (at < 0) call.refuse("ESRCH")
  call.network.routes.splice(at, 1)
}
