import { isGroupMac, NO_MAC } from "../../../base/mac.ts"
import type { FdbEntry, NetRequest } from "../../kernel.ts"
import { eachAttribute, readI32, readLinkLayer, readU32, writeRaw, writeU32 } from "../attr.ts"
import { NDA_DST, NDA_LLADDR, NDA_PORT, NDA_VNI, NTF_EXT_LEARNED, NTF_SELF, NUD_NOARP, NUD_PERMANENT } from "../constants/neighbour.ts"
import { NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE, NLM_F_DUMP, NLM_F_REPLACE, NLM_F_REQUEST } from "../constants/netlink.ts"
import { AF_BRIDGE, AF_INET, RTM_DELNEIGH, RTM_GETNEIGH, RTM_NEWNEIGH } from "../constants/rtnetlink.ts"
import type { Message, WireWriter } from "../wire.ts"
import { WireError } from "../wire.ts"
import { be16 } from "./codec.ts"
import { ipBytes, ipOf, readIp } from "./ip-bytes.ts"
import { macBytes } from "./neighbour.ts"
import type { Resolver } from "./resolver.ts"

/** Size of `struct ndmsg`. */
const HEADER = 12

type FdbRequest = NetRequest & { op: "fdb-add" | "fdb-delete" }

/**
 * `bridge fdb append MAC dev LINK dst IP …`, and of one machine's address `bridge fdb replace`: the kernel appends to no other than those of many.
 * vxlan_fdb_update_existing() in drivers/net/vxlan
 */
export function encodeFdbAdd(w: WireWriter, sequence: number, request: FdbRequest, resolver: Resolver): void {
  const how = isOfMany(request.entry.mac) ? NLM_F_APPEND : NLM_F_REPLACE
  w.message(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | how, sequence, () => writeEntry(w, request, resolver))
}

/** `bridge fdb del MAC dev LINK dst IP …` */
export function encodeFdbDelete(w: WireWriter, sequence: number, request: FdbRequest, resolver: Resolver): void {
  w.message(RTM_DELNEIGH, NLM_F_REQUEST | NLM_F_ACK, sequence, () => writeEntry(w, request, resolver))
}

/** A group's address, or that of all whose place is not known. */
function isOfMany(mac: string): boolean {
  return mac === NO_MAC || isGroupMac(mac)
}

function writeEntry(w: WireWriter, { link, entry }: FdbRequest, resolver: Resolver): void {
  w.u32(AF_BRIDGE)
  w.u32(resolver.index(link))
  w.u16(NUD_PERMANENT | NUD_NOARP)
  w.u8(NTF_SELF)
  w.u8(0)
  writeRaw(w, NDA_LLADDR, macBytes(entry.mac))
  writeRaw(w, NDA_DST, ipBytes(ipOf(entry.to, 4)))
  if (entry.port !== undefined) be16.write(w, NDA_PORT, entry.port)
  if (entry.vni !== undefined) writeU32(w, NDA_VNI, entry.vni)
}

/** `bridge fdb show` */
export function encodeFdbDump(w: WireWriter, sequence: number): void {
  w.message(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, sequence, () => {
    w.u32(AF_BRIDGE)
    w.u32(0)
    w.u32(0)
  })
}

/** An RTM_NEWNEIGH of a vxlan that somebody has set; undefined of what was learned, and of other links' own addresses. */
export function readFdbEntry({ bytes, start, end }: Message): { index: number; entry: FdbEntry } | undefined {
  if (end - start < HEADER) throw new WireError("a neighbour message without its header")
  const [state, flags] = [bytes.readUInt16LE(start + 8), bytes[start + 10] ?? 0]
  if (bytes[start] !== AF_BRIDGE || (flags & NTF_SELF) === 0 || (flags & NTF_EXT_LEARNED) !== 0) return undefined
  if ((state & (NUD_PERMANENT | NUD_NOARP)) === 0) return undefined
  const entry: FdbEntry = { mac: "", to: "" }
  eachAttribute(bytes, start + HEADER, end, (type, from, to) => {
    if (type === NDA_LLADDR) entry.mac = readLinkLayer(bytes, from, to)
    else if (type === NDA_DST && to - from === 4) entry.to = readIp(bytes, from, to, AF_INET)
    else if (type === NDA_PORT) entry.port = be16.read(bytes, from, to) as number
    else if (type === NDA_VNI) entry.vni = readU32(bytes, from, to)
  })
  return entry.to === "" ? undefined : { index: readI32(bytes, start + 4, end), entry }
}
