import type { Link } from "../../kernel.ts"
import { eachAttribute, readI32, readLinkLayer, readText, readU8, readU32, typesOf, writeU32 } from "../attr.ts"
import { IFLA_BRPORT_MODE } from "../constants/if-bridge.ts"
import { IFLA_BOND_SLAVE_PERM_HWADDR } from "../constants/if-kinds.ts"
import {
  DEVCONF_ACCEPT_RA,
  IFF_UP,
  IFLA_ADDRESS,
  IFLA_AF_SPEC,
  IFLA_ALT_IFNAME,
  IFLA_EXT_MASK,
  IFLA_GROUP,
  IFLA_IFALIAS,
  IFLA_IFNAME,
  IFLA_INET6_CONF,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_INFO_SLAVE_DATA,
  IFLA_INFO_SLAVE_KIND,
  IFLA_LINK,
  IFLA_LINK_NETNSID,
  IFLA_LINKINFO,
  IFLA_MASTER,
  IFLA_MTU,
  IFLA_OPERSTATE,
  IFLA_PROP_LIST,
  IFLA_QDISC,
  OPER_STATES,
} from "../constants/if-link.ts"
import { NLM_F_DUMP, NLM_F_REQUEST } from "../constants/netlink.ts"
import { AF_INET6, RTEXT_FILTER_SKIP_STATS, RTM_GETLINK } from "../constants/rtnetlink.ts"
import type { Message, WireWriter } from "../wire.ts"
import { WireError } from "../wire.ts"
import { readBridge, readPort, readPortState, TYPES_OF_PORT } from "./bridge-options.ts"
import { readHairpin } from "./hairpin.ts"
import { LINK_HEADER, writeLinkHeader } from "./link-header.ts"
import { isOneEnded, isOnIflaLink, readOptions } from "./link-kinds.ts"

/** `ip -d link show`. The counters are a request of their own; those of IPv6, which the kernel adds up from every processor, it leaves out if asked to. */
export function encodeLinkDump(w: WireWriter, sequence: number): void {
  w.message(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, sequence, () => {
    writeLinkHeader(w, 0)
    writeU32(w, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)
  })
}

/** The ifindex of an RTM_NEWLINK. */
export function readLinkIndex({ bytes, start, end }: Message): number {
  if (end - start < LINK_HEADER) throw new WireError("a link message without its header")
  return readI32(bytes, start + 4, end)
}

/** A link tells four times as many things of itself. */
const PLAIN = [
  ...[IFLA_IFNAME, IFLA_ADDRESS, IFLA_MTU, IFLA_OPERSTATE, IFLA_MASTER, IFLA_GROUP, IFLA_IFALIAS, IFLA_LINK, IFLA_QDISC],
  ...[IFLA_LINK_NETNSID, IFLA_PROP_LIST],
]
const READ = typesOf(...PLAIN, IFLA_LINKINFO, IFLA_AF_SPEC)

/** The attributes that `readLink` looks at, each behind those that it is in. */
export function pathsOfLink(ofHost: boolean): readonly (readonly number[])[] {
  return [
    ...PLAIN.map((type) => [type]),
    ...[IFLA_INFO_KIND, IFLA_INFO_DATA, IFLA_INFO_SLAVE_KIND].map((type) => [IFLA_LINKINFO, type]),
    ...[...TYPES_OF_PORT, IFLA_BRPORT_MODE, IFLA_BOND_SLAVE_PERM_HWADDR].map((type) => [IFLA_LINKINFO, IFLA_INFO_SLAVE_DATA, type]),
    ...(ofHost ? [[IFLA_AF_SPEC, AF_INET6, IFLA_INET6_CONF]] : []),
  ]
}

/** An RTM_NEWLINK. `ofHost`: of the host's namespace, where whom a bridge or a pair's end heeds is somebody's concern. */
export function readLink(message: Message, ofHost = true): Link {
  const { bytes, start, end } = message
  const link: Link = {
    index: readLinkIndex(message),
    name: "",
    kind: "",
    mac: "",
    mtu: 0,
    up: false,
    state: "unknown",
    master: 0,
    group: 0,
    alias: "",
    peerIndex: 0,
  }
  link.up = (readU32(bytes, start + 8, end) & IFF_UP) !== 0
  let other = 0
  let isElsewhere = false
  const take = (type: number, from: number, to: number) => {
    switch (type) {
      case IFLA_IFNAME:
        link.name = readText(bytes, from, to)
        break
      case IFLA_ADDRESS:
        link.mac = readLinkLayer(bytes, from, to)
        break
      case IFLA_MTU:
        link.mtu = readU32(bytes, from, to)
        break
      case IFLA_OPERSTATE:
        link.state = stateOf(readU8(bytes, from, to))
        break
      case IFLA_MASTER:
        link.master = readU32(bytes, from, to)
        break
      case IFLA_GROUP:
        link.group = readU32(bytes, from, to)
        break
      case IFLA_IFALIAS:
        link.alias = readText(bytes, from, to)
        break
      case IFLA_PROP_LIST:
        link.altnames = readAltnames(bytes, from, to)
        break
      case IFLA_LINK:
        other = readU32(bytes, from, to)
        break
      case IFLA_LINK_NETNSID:
        isElsewhere = true
        break
      case IFLA_QDISC:
        readDiscipline(link, readText(bytes, from, to))
        break
      case IFLA_LINKINFO:
        readInfo(link, bytes, from, to)
        break
      case IFLA_AF_SPEC:
        if (mayHeed(link, ofHost)) readOfFamilies(link, bytes, from, to)
        break
    }
  }
  eachAttribute(bytes, start + LINK_HEADER, end, take, READ)
  if (link.kind === "veth") link.peerIndex = other
  else if (other !== 0 && isOnIflaLink(link.kind)) link.parent = other
  if (!isElsewhere && (link.parent !== undefined || link.kind === "vxlan")) link.parentBeside = true
  return link
}

function readAltnames(bytes: Buffer, start: number, end: number): string[] {
  const names: string[] = []
  eachAttribute(bytes, start, end, (type, from, to) => {
    if (type === IFLA_ALT_IFNAME) names.push(readText(bytes, from, to))
  })
  return names
}

/** What a link says of its root qdisc is no more than the kind: what it does is asked for where it is one of these (netlink/namespace-rest.ts). */
function readDiscipline(link: Link, kind: string): void {
  if (kind === "netem" || kind === "tbf") link.impair = {}
}

function stateOf(state: number): string {
  return OPER_STATES[state] ?? String(state)
}

/** The kernel puts the kind before the data. */
function readInfo(link: Link, bytes: Buffer, start: number, end: number): void {
  let master = ""
  eachAttribute(bytes, start, end, (type, from, to) => {
    if (type === IFLA_INFO_KIND) link.kind = readText(bytes, from, to)
    else if (type === IFLA_INFO_DATA && link.kind === "bridge") link.bridge = readBridge(bytes, from, to)
    else if (type === IFLA_INFO_DATA && isOneEnded(link.kind)) Object.assign(link, readOptions(link.kind, bytes, from, to))
    else if (type === IFLA_INFO_SLAVE_KIND) master = readText(bytes, from, to)
    else if (type === IFLA_INFO_SLAVE_DATA && master === "bridge") readPortOf(link, bytes, from, to)
    else if (type === IFLA_INFO_SLAVE_DATA && master === "bond") readOwnMac(link, bytes, from, to)
  })
}

/** Those of which it is asked: there is no need to read on, link by link, for others. The kernel puts mark, master and kind before what families know. */
function mayHeed({ bridge, kind, alias, master }: Link, ofHost: boolean): boolean {
  return ofHost && (bridge !== undefined || (alias !== "" && master === 0 && kind === "veth"))
}

/** Nothing where there is no IPv6. */
function readOfFamilies(link: Link, bytes: Buffer, start: number, end: number): void {
  eachAttribute(bytes, start, end, (family, from, to) => {
    if (family !== AF_INET6) return
    eachAttribute(bytes, from, to, (type, first, last) => {
      if (type !== IFLA_INET6_CONF) return
      const heeds = readI32(bytes, first + 4 * DEVCONF_ACCEPT_RA, last) !== 0
      if (link.bridge !== undefined) link.bridge.accept_ra = heeds
      else if (heeds) link.accept_ra = true
    })
  })
}

/** A member of a bond has the bond's MAC address as long as it is one, and then its own again. */
function readOwnMac(link: Link, bytes: Buffer, start: number, end: number): void {
  eachAttribute(bytes, start, end, (type, from, to) => {
    if (type === IFLA_BOND_SLAVE_PERM_HWADDR) link.mac = readLinkLayer(bytes, from, to)
  })
}

function readPortOf(link: Link, bytes: Buffer, from: number, to: number): void {
  const port = readPort(bytes, from, to)
  const state = readPortState(bytes, from, to)
  if (port !== undefined) link.port = port
  if (state !== undefined) link.port_state = state
  if (readHairpin(bytes, from, to)) link.hairpin = true
}
