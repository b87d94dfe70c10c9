import type { NextHop, Route } from "../../kernel.ts"
import { eachAttribute, readI32, readU32 } from "../attr.ts"
import {
  AF_INET,
  AF_INET6,
  ROUTE_TYPES,
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
  RTNH_F_ONLINK,
} from "../constants/rtnetlink.ts"
import type { Message } from "../wire.ts"
import { aligned, WireError } from "../wire.ts"
import { readIp } from "./ip-bytes.ts"
import { NEXT_HOP_HEADER, ROUTE_HEADER, ROUTE_SCOPES } from "./route.ts"

const ANYWHERE = { [AF_INET]: "0.0.0.0", [AF_INET6]: "::" } as const
const SCOPE_WORDS: ReadonlyMap<number, string> = new Map(Object.entries(ROUTE_SCOPES).map(([word, scope]) => [scope, word]))
/** `struct rtvia`: a u16 family, then the address. */
const VIA_HEADER = 2

/** The attributes that `readRoute` looks at. */
export const TYPES_OF_ROUTE: readonly number[] = [
  RTA_DST,
  RTA_GATEWAY,
  RTA_VIA,
  RTA_OIF,
  RTA_PRIORITY,
  RTA_TABLE,
  RTA_PREFSRC,
  RTA_METRICS,
  RTA_MULTIPATH,
]

/** An RTM_NEWROUTE; undefined in a family that is neither IPv4 nor IPv6. */
export function readRoute({ bytes, start, end }: Message): Route | undefined {
  if (end - start < ROUTE_HEADER) throw new WireError("a route message without its header")
  const family = bytes[start]
  if (family !== AF_INET && family !== AF_INET6) return undefined
  let destination: string = ANYWHERE[family]
  const type = bytes[start + 7] as number
  const scope = bytes[start + 6] as number
  const route: Route = {
    to: "",
    dev: 0,
    metric: 0,
    protocol: bytes[start + 5] ?? 0,
    table: bytes[start + 4] ?? 0,
    type: ROUTE_TYPES[type] ?? String(type),
  }
  // IPv6 has no scopes: the kernel says `universe` of every route.
  if (family === AF_INET) route.scope = SCOPE_WORDS.get(scope) ?? String(scope)
  if ((readU32(bytes, start + 8, end) & RTNH_F_ONLINK) !== 0) route.onlink = true
  eachAttribute(bytes, start + ROUTE_HEADER, end, (attribute, from, to) => {
    if (attribute === RTA_DST) destination = readIp(bytes, from, to, family)
    else if (attribute === RTA_GATEWAY) route.via = readIp(bytes, from, to, family)
    else if (attribute === RTA_VIA) route.via = readVia(bytes, from, to)
    else if (attribute === RTA_OIF) route.dev = readU32(bytes, from, to)
    else if (attribute === RTA_PRIORITY) route.metric = readU32(bytes, from, to)
    else if (attribute === RTA_TABLE) route.table = readU32(bytes, from, to)
    else if (attribute === RTA_PREFSRC) route.src = readIp(bytes, from, to, family)
    else if (attribute === RTA_METRICS) readMetrics(route, bytes, from, to)
    else if (attribute === RTA_MULTIPATH) route.nexthops = readNextHops(bytes, from, to, family)
  })
  route.to = `${destination}/${bytes[start + 1]}`
  return route
}

/** A gateway of the other family (IPv4 over IPv6). */
function readVia(bytes: Buffer, from: number, to: number): string {
  if (to - from < VIA_HEADER) throw new WireError("a gateway without a family")
  return readIp(bytes, from + VIA_HEADER, to, bytes.readUInt16LE(from))
}

function readMetrics(route: Route, bytes: Buffer, start: number, end: number): void {
  eachAttribute(bytes, start, end, (attribute, from, to) => {
    if (attribute === RTAX_MTU) route.mtu = readU32(bytes, from, to)
    else if (attribute === RTAX_ADVMSS) route.advmss = readU32(bytes, from, to)
  })
}

/** A list of `struct rtnexthop`, each with attributes of its own. */
function readNextHops(bytes: Buffer, start: number, end: number, family: number): NextHop[] {
  const found: NextHop[] = []
  for (let at = start; at < end; ) {
    if (end - at < NEXT_HOP_HEADER) throw new WireError(`${end - at} bytes are no next hop`)
    const length = bytes.readUInt16LE(at)
    if (length < NEXT_HOP_HEADER || length > end - at) throw new WireError(`a next hop of ${length} bytes, where ${end - at} are left`)
    const hop: NextHop = { dev: readI32(bytes, at + 4, end), weight: bytes.readUInt8(at + 3) + 1 }
    if ((bytes.readUInt8(at + 2) & RTNH_F_ONLINK) !== 0) hop.onlink = true
    eachAttribute(bytes, at + NEXT_HOP_HEADER, at + length, (attribute, from, to) => {
      if (attribute === RTA_GATEWAY) hop.via = readIp(bytes, from, to, family)
      else if (attribute === RTA_VIA) hop.via = readVia(bytes, from, to)
    })
    found.push(hop)
    at += aligned(length)
  }
  return found
}
