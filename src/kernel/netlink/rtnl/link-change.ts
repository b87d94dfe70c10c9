import type { LinkRef, NetRequest } from "../../kernel.ts"
import { writeNested, writeText, writeU32 } from "../attr.ts"
import {
  IFLA_ALT_IFNAME,
  IFLA_EXT_MASK,
  IFLA_GROUP,
  IFLA_IFALIAS,
  IFLA_IFNAME,
  IFLA_MASTER,
  IFLA_MTU,
  IFLA_NET_NS_FD,
  IFLA_PROP_LIST,
} from "../constants/if-link.ts"
import { NLA_F_NESTED, NLM_F_ACK, NLM_F_REQUEST } from "../constants/netlink.ts"
import {
  RTEXT_FILTER_SKIP_STATS,
  RTM_DELLINK,
  RTM_DELLINKPROP,
  RTM_GETLINK,
  RTM_NEWLINK,
  RTM_NEWLINKPROP,
  RTM_SETLINK,
} from "../constants/rtnetlink.ts"
import type { WireWriter } from "../wire.ts"
import { writeBridge, writePort } from "./bridge-options.ts"
import { writeLinkHeader, writeLinkTarget, writeMac } from "./link-header.ts"
import { writeOfKind } from "./link-kinds.ts"
import type { Resolver } from "./resolver.ts"

const REQUEST = NLM_F_REQUEST | NLM_F_ACK

type LinkSet = NetRequest & { op: "link-set" }

/**
 * True where the link must be given by its index: a new name takes the attribute that would name the link, and an
 * RTM_NEWLINK by a name that no link has falls back to "all links of this group" in kernels before 5.18.
 */
export function needsIndex(request: LinkSet): boolean {
  return request.name !== undefined || isOfKind(request)
}

/** Only RTM_NEWLINK takes what is of one kind of links. */
function isOfKind({ bridge, port, bond }: LinkSet): boolean {
  return bridge !== undefined || port !== undefined || bond !== undefined
}

/**
 * `ip link set v0 netns NS up mtu N address MAC alias TEXT master br-lan group N name v1`, and with bridge options
 * `ip link set br-lan type bridge …`, or a port's
 * `ip link set v0 type bridge_slave …`, which only RTM_NEWLINK without NLM_F_CREATE takes.
 */
export function encodeLinkSet(w: WireWriter, sequence: number, request: LinkSet, resolver: Resolver): void {
  const link = needsIndex(request) ? resolver.index(request.link) : request.link
  w.message(isOfKind(request) ? RTM_NEWLINK : RTM_SETLINK, REQUEST, sequence, () => {
    writeLinkTarget(w, link, request.up)
    if (request.ns !== undefined) writeU32(w, IFLA_NET_NS_FD, resolver.netNs(request.ns))
    if (request.name !== undefined) writeText(w, IFLA_IFNAME, request.name)
    if (request.alias !== undefined) writeText(w, IFLA_IFALIAS, request.alias)
    if (request.mtu !== undefined) writeU32(w, IFLA_MTU, request.mtu)
    if (request.mac !== undefined) writeMac(w, request.mac)
    if (request.master !== undefined) writeU32(w, IFLA_MASTER, request.master === 0 ? 0 : resolver.index(request.master))
    if (request.group !== undefined) writeU32(w, IFLA_GROUP, request.group)
    if (request.bridge !== undefined) writeBridge(w, request.bridge)
    if (request.bond !== undefined) writeOfKind(w, "bond", request.bond)
    if (request.port !== undefined) writePort(w, request.port)
  })
}

type AltnameRequest = NetRequest & { op: "altname-add" | "altname-delete" }

/** `ip link property add|del dev LINK altname NAME`: of a new family, which wants it said that it is nested. */
export function encodeAltname(w: WireWriter, sequence: number, { op, link, name }: AltnameRequest): void {
  w.message(op === "altname-add" ? RTM_NEWLINKPROP : RTM_DELLINKPROP, REQUEST, sequence, () => {
    writeLinkTarget(w, link)
    writeNested(w, IFLA_PROP_LIST | NLA_F_NESTED, () => writeText(w, IFLA_ALT_IFNAME, name))
  })
}

/** `ip link del LINK` */
export function encodeLinkDelete(w: WireWriter, sequence: number, link: LinkRef): void {
  w.message(RTM_DELLINK, REQUEST, sequence, () => writeLinkTarget(w, link))
}

/** `ip link del group N`; the kernel refuses group 0 (EPERM), where every unmarked link is. */
export function encodeGroupDelete(w: WireWriter, sequence: number, group: number): void {
  w.message(RTM_DELLINK, REQUEST, sequence, () => {
    writeLinkHeader(w, 0)
    writeU32(w, IFLA_GROUP, group)
  })
}

/** `ip link show dev NAME`: one link without its counters. */
export function encodeLinkGet(w: WireWriter, sequence: number, name: string): void {
  w.message(RTM_GETLINK, REQUEST, sequence, () => {
    writeLinkTarget(w, name)
    writeU32(w, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)
  })
}
