import { formatVlans, parseVlan } from "../../../base/vlans.ts"
import type { LinkRef } from "../../kernel.ts"
import { eachAttribute, readU32, writeNested, writeRaw, writeU32 } from "../attr.ts"
import {
  BRIDGE_VLAN_INFO_PVID,
  BRIDGE_VLAN_INFO_RANGE_BEGIN,
  BRIDGE_VLAN_INFO_RANGE_END,
  BRIDGE_VLAN_INFO_UNTAGGED,
  IFLA_BRIDGE_VLAN_INFO,
} from "../constants/if-bridge.ts"
import { IFLA_AF_SPEC, IFLA_EXT_MASK, IFLA_MASTER } from "../constants/if-link.ts"
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST } from "../constants/netlink.ts"
import { AF_BRIDGE, RTEXT_FILTER_BRVLAN_COMPRESSED, RTM_DELLINK, RTM_GETLINK, RTM_SETLINK } from "../constants/rtnetlink.ts"
import type { Message, WireWriter } from "../wire.ts"
import { WireError } from "../wire.ts"
import { LINK_HEADER } from "./link-header.ts"
import { readLinkIndex } from "./link-read.ts"
import type { Resolver } from "./resolver.ts"

/** `bridge vlan add dev LINK vid …` */
export function encodeVlanAdd(w: WireWriter, sequence: number, request: { link: LinkRef; vlan: string }, resolver: Resolver): void {
  encode(w, RTM_SETLINK, sequence, request, resolver)
}

/** `bridge vlan del dev LINK vid …` */
export function encodeVlanDelete(w: WireWriter, sequence: number, request: { link: LinkRef; vlan: string }, resolver: Resolver): void {
  encode(w, RTM_DELLINK, sequence, request, resolver)
}

function encode(w: WireWriter, type: number, sequence: number, { link, vlan }: { link: LinkRef; vlan: string }, resolver: Resolver): void {
  const range = parseVlan(vlan)
  if (range === undefined) throw new WireError(`"${vlan}" is no VLAN`)
  const flags = (range.pvid ? BRIDGE_VLAN_INFO_PVID : 0) | (range.untagged ? BRIDGE_VLAN_INFO_UNTAGGED : 0)
  w.message(type, NLM_F_REQUEST | NLM_F_ACK, sequence, () => {
    writeHeader(w, resolver.index(link))
    writeNested(w, IFLA_AF_SPEC, () => {
      if (range.from === range.to) writeInfo(w, flags, range.from)
      else {
        writeInfo(w, flags | BRIDGE_VLAN_INFO_RANGE_BEGIN, range.from)
        writeInfo(w, flags | BRIDGE_VLAN_INFO_RANGE_END, range.to)
      }
    })
  })
}

/** `struct ifinfomsg` of the family AF_BRIDGE. */
function writeHeader(w: WireWriter, index: number): void {
  w.u32(AF_BRIDGE)
  w.u32(index)
  w.u32(0)
  w.u32(0)
}

function writeInfo(w: WireWriter, flags: number, vid: number): void {
  const value = Buffer.alloc(4)
  value.writeUInt16LE(flags, 0)
  value.writeUInt16LE(vid, 2)
  writeRaw(w, IFLA_BRIDGE_VLAN_INFO, value)
}

/** `bridge -compressvlans vlan show` */
export function encodeVlanDump(w: WireWriter, sequence: number): void {
  w.message(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, sequence, () => {
    writeHeader(w, 0)
    writeU32(w, IFLA_EXT_MASK, RTEXT_FILTER_BRVLAN_COMPRESSED)
  })
}

/** The VLANs of a port; undefined of what is none. A range is told by its first and its last number. */
export function readPortVlans(message: Message): { index: number; vlans: string[] } | undefined {
  const { bytes, start, end } = message
  const index = readLinkIndex(message)
  const members = new Map<number, { pvid: boolean; untagged: boolean }>()
  let master = 0
  let first = 0
  const read = (type: number, from: number, to: number) => {
    if (type !== IFLA_BRIDGE_VLAN_INFO) return
    const info = readU32(bytes, from, to)
    const [flags, vid] = [info & 0xffff, info >>> 16]
    if ((flags & BRIDGE_VLAN_INFO_RANGE_BEGIN) !== 0) first = vid
    else {
      const least = (flags & BRIDGE_VLAN_INFO_RANGE_END) === 0 ? vid : first
      for (let id = least; id <= vid; id++)
        members.set(id, { pvid: (flags & BRIDGE_VLAN_INFO_PVID) !== 0, untagged: (flags & BRIDGE_VLAN_INFO_UNTAGGED) !== 0 })
    }
  }
  eachAttribute(bytes, start + LINK_HEADER, end, (type, from, to) => {
    if (type === IFLA_MASTER) master = readU32(bytes, from, to)
    else if (type === IFLA_AF_SPEC) eachAttribute(bytes, from, to, read)
  })
  return master === 0 || master === index ? undefined : { index, vlans: formatVlans(members) }
}
