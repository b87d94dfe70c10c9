import type { Ip } from "../../../base/ip.ts"
import { parseIp } from "../../../base/ip.ts"
import type { NetRequest, RouteWish } from "../../kernel.ts"
import { ROUTE_PROTOCOL } from "../../kernel.ts"
import { writeNested, writeRaw, writeU32 } from "../attr.ts"
import { NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE, NLM_F_DUMP, NLM_F_REPLACE, NLM_F_REQUEST } from "../constants/netlink.ts"
import {
  AF_UNSPEC,
  ROUTE_TYPES,
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_NOWHERE,
  RT_SCOPE_SITE,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_MAIN,
  RT_TABLE_UNSPEC,
  RTA_DST,
  RTA_GATEWAY,
  RTA_METRICS,
  RTA_MULTIPATH,
  RTA_OIF,
  RTA_PREFSRC,
  RTA_PRIORITY,
  RTA_TABLE,
  RTA_VIA,
  RTAX_ADVMSS,
  RTAX_MTU,
  RTM_DELROUTE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  RTNH_F_ONLINK,
} from "../constants/rtnetlink.ts"
import type { WireWriter } from "../wire.ts"
import { cidrOf, familyOf, ipBytes, ipOf } from "./ip-bytes.ts"
import type { Resolver } from "./resolver.ts"

/** Size of `struct rtmsg`. */
export const ROUTE_HEADER = 12
/** Size of `struct rtnexthop`. */
export const NEXT_HOP_HEADER = 8
/** RT_SCOPE_*, as `ip route` calls them. */
export const ROUTE_SCOPES: { readonly [scope: string]: number } = {
  universe: RT_SCOPE_UNIVERSE,
  site: RT_SCOPE_SITE,
  link: RT_SCOPE_LINK,
  host: RT_SCOPE_HOST,
  nowhere: RT_SCOPE_NOWHERE,
}

type RouteRequest = NetRequest & { op: "route-replace" | "route-append" | "route-delete" }
type Hop = NonNullable<RouteWish["nexthops"]>[number]

/** `ip route replace 10.1.0.0/16 via 10.0.0.1 dev eth0 metric N proto 115` */
export function encodeRouteReplace(w: WireWriter, sequence: number, request: RouteRequest, resolver: Resolver): void {
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE
  w.message(RTM_NEWROUTE, flags, sequence, () => writeRoute(w, request, scopeOf(request), resolver))
}

/** `ip route append 10.1.0.0/16 dev eth0 proto kernel scope link src 10.1.0.2` */
export function encodeRouteAppend(w: WireWriter, sequence: number, request: RouteRequest, resolver: Resolver): void {
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND
  w.message(RTM_NEWROUTE, flags, sequence, () => writeRoute(w, request, scopeOf(request), resolver))
}

/** `ip route del 10.1.0.0/16 via 10.0.0.1 dev eth0 metric N proto 115`; the scope "nowhere" matches any. */
export function encodeRouteDelete(w: WireWriter, sequence: number, request: RouteRequest, resolver: Resolver): void {
  w.message(RTM_DELROUTE, NLM_F_REQUEST | NLM_F_ACK, sequence, () => writeRoute(w, request, RT_SCOPE_NOWHERE, resolver))
}

/** As ip(8) takes it where none is said: what is on a link reaches no further than that. */
function scopeOf({ scope, type = "unicast", via, nexthops }: RouteRequest): number {
  if (scope !== undefined) return ROUTE_SCOPES[scope] ?? RT_SCOPE_UNIVERSE
  if (type === "local") return RT_SCOPE_HOST
  return type === "unicast" && via === undefined && nexthops === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE
}

function writeRoute(w: WireWriter, request: RouteRequest, scope: number, resolver: Resolver): void {
  const { to, type = "unicast", via, dev, nexthops, table = RT_TABLE_MAIN, metric, src, mtu, advmss } = request
  const { protocol = ROUTE_PROTOCOL } = request
  const destination = cidrOf(to)
  const [family, number] = [familyOf(destination), ROUTE_TYPES.indexOf(type)]
  const flags = request.onlink ? RTNH_F_ONLINK : 0
  writeHeader(w, { family, prefix: destination.prefix, table, protocol, scope, type: number, flags })
  if (destination.prefix > 0) writeIp(w, RTA_DST, destination)
  if (via !== undefined) writeVia(w, via, destination.family)
  if (dev !== undefined) writeU32(w, RTA_OIF, resolver.index(dev))
  if (metric !== undefined) writeU32(w, RTA_PRIORITY, metric)
  if (table > 0xff) writeU32(w, RTA_TABLE, table)
  if (src !== undefined) writeIp(w, RTA_PREFSRC, ipOf(src, destination.family))
  if (mtu !== undefined || advmss !== undefined)
    writeNested(w, RTA_METRICS, () => {
      if (mtu !== undefined) writeU32(w, RTAX_MTU, mtu)
      if (advmss !== undefined) writeU32(w, RTAX_ADVMSS, advmss)
    })
  if (nexthops !== undefined)
    w.attribute(RTA_MULTIPATH, () => {
      for (const hop of nexthops) writeNextHop(w, hop, destination.family, resolver)
    })
}

/** `struct rtnexthop`, and behind it its gateway; the length counts both. */
function writeNextHop(w: WireWriter, { via, dev, weight = 1, onlink }: Hop, family: 4 | 6, resolver: Resolver): void {
  const index = dev === undefined ? 0 : resolver.index(dev)
  w.u16(NEXT_HOP_HEADER + (via === undefined ? 0 : gatewaySize(via, family)))
  w.u8(onlink ? RTNH_F_ONLINK : 0)
  w.u8(weight - 1)
  w.u32(index)
  if (via !== undefined) writeVia(w, via, family)
}

/** An attribute's header and an address; one of the other family has its family in front, and the whole is padded. */
function gatewaySize(via: string, family: 4 | 6): number {
  const own = (via.includes(":") ? 6 : 4) === family
  const bytes = via.includes(":") ? 16 : 4
  return own ? 4 + bytes : 8 + bytes
}

/** RTA_GATEWAY, or of IPv4 the `struct rtvia` of an address of IPv6. */
function writeVia(w: WireWriter, via: string, family: 4 | 6): void {
  const ip = parseIp(via)
  if (ip === undefined || family === 6 || ip.family === 4) writeIp(w, RTA_GATEWAY, ipOf(via, family))
  else
    w.attribute(RTA_VIA, () => {
      w.u16(familyOf(ip))
      w.raw(ipBytes(ip))
    })
}

function writeIp(w: WireWriter, type: number, ip: Ip): void {
  writeRaw(w, type, ipBytes(ip))
}

interface Header {
  family: number
  prefix: number
  table: number
  protocol: number
  scope: number
  type: number
  flags: number
}

/** `struct rtmsg`; a table of more than a byte stands in an attribute. */
function writeHeader(w: WireWriter, { family, prefix, table, protocol, scope, type, flags }: Header): void {
  for (const value of [family, prefix, 0, 0, table > 0xff ? RT_TABLE_UNSPEC : table, protocol, scope, type]) w.u8(value)
  w.u32(flags)
}

const ANY = { family: AF_UNSPEC, prefix: 0, protocol: 0, scope: 0, type: 0, flags: 0 }

/** `ip route show table main`, both families. The attribute makes a strict kernel leave out other tables. */
export function encodeRouteDump(w: WireWriter, sequence: number): void {
  encodeTableDump(w, sequence, RT_TABLE_MAIN)
}

/** `ip route show table N` */
export function encodeTableDump(w: WireWriter, sequence: number, table: number): void {
  w.message(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, sequence, () => {
    writeHeader(w, { ...ANY, table })
    writeU32(w, RTA_TABLE, table)
  })
}

/** `ip route show table all proto 115`, both families. */
export function encodeOwnRoutesDump(w: WireWriter, sequence: number): void {
  w.message(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, sequence, () => {
    writeHeader(w, { ...ANY, table: RT_TABLE_UNSPEC, protocol: ROUTE_PROTOCOL })
  })
}
