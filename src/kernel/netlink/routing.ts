import type { Routing } from "../kernel.ts"
import { ROUTE_PROTOCOL } from "../kernel.ts"
import type { Connection } from "./conn.ts"
import { RT_TABLE_MAIN, RTM_NEWNEIGH, RTM_NEWROUTE, RTM_NEWRULE } from "./constants/rtnetlink.ts"
import { dumpOf, readAll } from "./dump.ts"
import { encodeNeighbourDump, encodeProxyDump, readNeighbour } from "./rtnl/neighbour.ts"
import { encodeOwnRoutesDump } from "./rtnl/route.ts"
import { readRoute } from "./rtnl/route-read.ts"
import { encodeRuleDump, readRule } from "./rtnl/rule.ts"

/** What is asked beside links, addresses and the main table, in one send. Throws KernelError. */
export function readRouting(connection: Connection): Routing {
  const routes = dumpOf("ip route show table all proto 115", encodeOwnRoutesDump, RTM_NEWROUTE, readRoute)
  const rules = dumpOf("ip rule show", encodeRuleDump, RTM_NEWRULE, readRule)
  const neighbours = dumpOf("ip neigh show", encodeNeighbourDump, RTM_NEWNEIGH, readNeighbour)
  const proxies = dumpOf("ip neigh show proxy", encodeProxyDump, RTM_NEWNEIGH, readNeighbour)
  readAll(connection, [routes, rules, neighbours, proxies])
  return {
    routes: routes.found.filter(({ protocol, table }) => protocol === ROUTE_PROTOCOL && table !== RT_TABLE_MAIN),
    rules: rules.found,
    neighbours: [...neighbours.found, ...proxies.found],
  }
}
