import type { Ip } from "../../../base/ip.ts"
import type { NetRequest, Route } from "../../kernel.ts"
import { ROUTE_PROTOCOL } from "../../kernel.ts"
import { eachAttribute, readU32, writeRaw, writeU32 } from "../attr.ts"
import { NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_REPLACE, NLM_F_REQUEST } from "../constants/netlink.ts"
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  ROUTE_TYPES,
  RT_SCOPE_LINK,
  RT_SCOPE_NOWHERE,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_MAIN,
  RTA_DST,
  RTA_GATEWAY,
  RTA_OIF,
  RTA_PRIORITY,
  RTA_TABLE,
  RTA_VIA,
  RTM_DELROUTE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  RTN_UNICAST,
} from "../constants/rtnetlink.ts"
import type { Message, WireWriter } from "../wire.ts"
import { WireError } from "../wire.ts"
import { cidrOf, familyOf, ipBytes, ipOf, readIp } from "./ip-bytes.ts"
import type { Resolver } from "./resolver.ts"

/** Size of `struct rtmsg`. */
const ROUTE_HEADER = 12
const ANYWHERE = { [AF_INET]: "0.0.0.0", [AF_INET6]: "::" } as const
/** `struct rtvia`: a u16 family, then the address. */
const VIA_HEADER = 2

type RouteRequest = NetRequest & { op: "route-replace" | "route-delete" }

/** `ip route replace 10.1.0.0/16 via 10.0.0.1 dev eth0 metric N proto 115` */
export function encodeRouteReplace(w: WireWriter, sequence: number, request: RouteRequest, resolver: Resolver): void {
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE
  const scope = request.via === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE
  w.message(RTM_NEWROUTE, flags, sequence, () => writeRoute(w, request, scope, resolver))
}

/** `ip route del 10.1.0.0/16 via 10.0.0.1 dev eth0 metric N proto 115`; the scope "nowhere" matches any. */
export function encodeRouteDelete(w: WireWriter, sequence: number, request: RouteRequest, resolver: Resolver): void {
  w.message(RTM_DELROUTE, NLM_F_REQUEST | NLM_F_ACK, sequence, () => writeRoute(w, request, RT_SCOPE_NOWHERE, resolver))
}

function writeRoute(w: WireWriter, request: RouteRequest, scope: number, resolver: Resolver): void {
  const { to, via, dev, metric } = request
  const protocol = request.op === "route-replace" ? (request.protocol ?? ROUTE_PROTOCOL) : ROUTE_PROTOCOL
  const destination = cidrOf(to)
  writeHeader(w, { family: familyOf(destination), prefix: destination.prefix, protocol, scope, type: RTN_UNICAST })
  if (destination.prefix > 0) writeIp(w, RTA_DST, destination)
  if (via !== undefined) writeIp(w, RTA_GATEWAY, ipOf(via, destination.family))
  if (dev !== undefined) writeU32(w, RTA_OIF, resolver.index(dev))
  if (metric !== undefined) writeU32(w, RTA_PRIORITY, metric)
}

function writeIp(w: WireWriter, type: number, ip: Ip): void {
  writeRaw(w, type, ipBytes(ip))
}

interface Header {
  family: number
  prefix: number
  protocol: number
  scope: number
  type: number
}

/** `struct rtmsg` with the main table. */
function writeHeader(w: WireWriter, header: Header): void {
  for (const value of [header.family, header.prefix, 0, 0, RT_TABLE_MAIN, header.protocol, header.scope, header.type]) w.u8(value)
  w.u32(0)
}

/** `ip route show table main`, both families. The attribute makes a strict kernel leave out other tables. */
export function encodeRouteDump(w: WireWriter, sequence: number): void {
  w.message(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, sequence, () => {
    writeHeader(w, { family: AF_UNSPEC, prefix: 0, protocol: 0, scope: 0, type: 0 })
    writeU32(w, RTA_TABLE, RT_TABLE_MAIN)
  })
}

/** An RTM_NEWROUTE; undefined in a family that is neither IPv4 nor IPv6. A multipath route has neither `via` nor a `dev`. */
export function readRoute({ bytes, start, end }: Message): Route | undefined {
  if (end - start < ROUTE_HEADER) throw new WireError("a route message without its header")
  const family = bytes[start]
  if (family !== AF_INET && family !== AF_INET6) return undefined
  let destination: string = ANYWHERE[family]
  const type = bytes[start + 7] ?? 0
  const route: Route = {
    to: "",
    dev: 0,
    metric: 0,
    protocol: bytes[start + 5] ?? 0,
    table: bytes[start + 4] ?? 0,
    type: ROUTE_TYPES[type] ?? String(type),
  }
  eachAttribute(bytes, start + ROUTE_HEADER, end, (attribute, from, to) => {
    if (attribute === RTA_DST) destination = readIp(bytes, from, to, family)
    else if (attribute === RTA_GATEWAY) route.via = readIp(bytes, from, to, family)
    else if (attribute === RTA_VIA) route.via = readVia(bytes, from, to)
    else if (attribute === RTA_OIF) route.dev = readU32(bytes, from, to)
    else if (attribute === RTA_PRIORITY) route.metric = readU32(bytes, from, to)
    else if (attribute === RTA_TABLE) route.table = readU32(bytes, from, to)
  })
  route.to = `${destination}/${bytes[start + 1]}`
  return route
}

/** A gateway of the other family (IPv4 over IPv6). */
function readVia(bytes: Buffer, from: number, to: number): string {
  if (to - from < VIA_HEADER) throw new WireError("a gateway without a family")
  return readIp(bytes, from + VIA_HEADER, to, bytes.readUInt16LE(from))
}
