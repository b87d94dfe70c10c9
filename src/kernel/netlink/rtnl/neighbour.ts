import { parseIp } from "../../../base/ip.ts"
import type { Neighbour, NetRequest } from "../../kernel.ts"
import { ROUTE_PROTOCOL } from "../../kernel.ts"
import { eachAttribute, readI32, readLinkLayer, readU8, writeRaw, writeU8 } from "../attr.ts"
import { NDA_DST, NDA_LLADDR, NDA_PROTOCOL, NTF_PROXY, NUD_PERMANENT } from "../constants/neighbour.ts"
import { NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_REPLACE, NLM_F_REQUEST } from "../constants/netlink.ts"
import { AF_INET, AF_INET6, AF_UNSPEC, RTM_DELNEIGH, RTM_GETNEIGH, RTM_NEWNEIGH } from "../constants/rtnetlink.ts"
import type { Message, WireWriter } from "../wire.ts"
import { WireError } from "../wire.ts"
import { familyOf, ipBytes, readIp } from "./ip-bytes.ts"
import type { Resolver } from "./resolver.ts"

/** Size of `struct ndmsg`. */
const NEIGHBOUR_HEADER = 12

type NeighbourRequest = NetRequest & { op: "neighbour-replace" | "neighbour-delete" }

/** `ip neigh replace 10.0.0.9 lladdr MAC dev eth0 nud permanent protocol 115`, `ip neigh add proxy 10.0.0.9 dev eth0 …` */
export function encodeNeighbourReplace(w: WireWriter, sequence: number, request: NeighbourRequest, resolver: Resolver): void {
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE
  w.message(RTM_NEWNEIGH, flags, sequence, () => {
    writeNeighbour(w, request, resolver)
    if (request.lladdr !== undefined) writeRaw(w, NDA_LLADDR, macBytes(request.lladdr))
    writeU8(w, NDA_PROTOCOL, ROUTE_PROTOCOL)
  })
}

/** `ip neigh del [proxy] 10.0.0.9 dev eth0` */
export function encodeNeighbourDelete(w: WireWriter, sequence: number, request: NeighbourRequest, resolver: Resolver): void {
  w.message(RTM_DELNEIGH, NLM_F_REQUEST | NLM_F_ACK, sequence, () => writeNeighbour(w, request, resolver))
}

function writeNeighbour(w: WireWriter, { to, dev, lladdr }: NeighbourRequest, resolver: Resolver): void {
  const ip = parseIp(to)
  if (ip === undefined) throw new WireError(`"${to}" is no IP address`)
  w.u32(familyOf(ip))
  w.u32(resolver.index(dev))
  w.u16(lladdr === undefined ? 0 : NUD_PERMANENT)
  w.u8(lladdr === undefined ? NTF_PROXY : 0)
  w.u8(0)
  writeRaw(w, NDA_DST, ipBytes(ip))
}

export function macBytes(mac: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac)) throw new WireError(`"${mac}" is no MAC address`)
  return Uint8Array.from(mac.split(":"), (byte) => Number.parseInt(byte, 16))
}

/** `ip neigh show`, both families; proxies are a table of their own. */
export function encodeNeighbourDump(w: WireWriter, sequence: number): void {
  encodeDump(w, sequence, 0)
}

/** `ip neigh show proxy` */
export function encodeProxyDump(w: WireWriter, sequence: number): void {
  encodeDump(w, sequence, NTF_PROXY)
}

function encodeDump(w: WireWriter, sequence: number, flags: number): void {
  w.message(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, sequence, () => {
    w.u32(AF_UNSPEC)
    w.u32(0)
    w.u16(0)
    w.u8(flags)
    w.u8(0)
  })
}

/** An RTM_NEWNEIGH that is permanent or a proxy; undefined for what was learned, and in other families. */
export function readNeighbour({ bytes, start, end }: Message): Neighbour | undefined {
  if (end - start < NEIGHBOUR_HEADER) throw new WireError("a neighbour message without its header")
  const [family, proxy] = [bytes[start], ((bytes[start + 10] ?? 0) & NTF_PROXY) !== 0]
  if (family !== AF_INET && family !== AF_INET6) return undefined
  if (!proxy && (bytes.readUInt16LE(start + 8) & NUD_PERMANENT) === 0) return undefined
  const neighbour: Neighbour = { to: "", dev: readI32(bytes, start + 4, end), protocol: 0 }
  eachAttribute(bytes, start + NEIGHBOUR_HEADER, end, (type, from, to) => {
    if (type === NDA_DST) neighbour.to = readIp(bytes, from, to, family)
    else if (type === NDA_LLADDR && !proxy) neighbour.lladdr = readLinkLayer(bytes, from, to)
    else if (type === NDA_PROTOCOL) neighbour.protocol = readU8(bytes, from, to)
  })
  return neighbour
}
