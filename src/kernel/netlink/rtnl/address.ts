import type { Cidr } from "../../../base/ip.ts"
import { contains } from "../../../base/ip.ts"
import type { InterfaceAddress, LinkRef, NetRequest } from "../../kernel.ts"
import { eachAttribute, readU8, readU32, writeNested, writeRaw, writeU32 } from "../attr.ts"
import {
  IFA_ADDRESS,
  IFA_F_NODAD,
  IFA_F_NOPREFIXROUTE,
  IFA_F_SECONDARY,
  IFA_FLAGS,
  IFA_LOCAL,
  IFA_PROTO,
  IFA_RT_PRIORITY,
} from "../constants/if-addr.ts"
import { IFLA_AF_SPEC, IFLA_INET_CONF, IPV4_DEVCONF_PROMOTE_SECONDARIES } from "../constants/if-inet.ts"
import { NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REQUEST } from "../constants/netlink.ts"
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RTM_DELADDR,
  RTM_GETADDR,
  RTM_NEWADDR,
  RTM_SETLINK,
} from "../constants/rtnetlink.ts"
import type { Message, WireWriter } from "../wire.ts"
import { WireError } from "../wire.ts"
import { cidrOf, familyOf, ipBytes, readIp } from "./ip-bytes.ts"
import { writeLinkTarget } from "./link-header.ts"
import type { Resolver } from "./resolver.ts"

/** Size of `struct ifaddrmsg`. */
const ADDRESS_HEADER = 8
const SCOPES: { readonly [scope: number]: string } = { 0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere" }

const HOST_NETWORKS = ["127.0.0.0/8", "::1/128"].map(cidrOf)
const LINK_NETWORK = cidrOf("fe80::/10")

/** `ip address add 10.0.0.1/24 dev eth0`, `ip address add fd20::1/64 dev eth0 nodad` */
export function encodeAddressAdd(w: WireWriter, sequence: number, request: NetRequest & { op: "address-add" }, resolver: Resolver): void {
  const address = cidrOf(request.address)
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL
  w.message(RTM_NEWADDR, flags, sequence, () => writeAddress(w, address, scopeOf(address), resolver.index(request.link)))
}

/**
 * `sysctl net.ipv4.conf.eth0.promote_secondaries=1`, by RTM_SETLINK. Without it the deletion of a link's first IPv4 address
 * takes the others of its subnet along, also one that was added a moment ago to replace it.
 */
export function encodePromotion(w: WireWriter, sequence: number, link: LinkRef): void {
  w.message(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, sequence, () => {
    writeLinkTarget(w, link)
    writeNested(w, IFLA_AF_SPEC, () => {
      writeNested(w, AF_INET, () => {
        writeNested(w, IFLA_INET_CONF, () => writeU32(w, IPV4_DEVCONF_PROMOTE_SECONDARIES, 1))
      })
    })
  })
}

/** `ip address del 10.0.0.1/24 dev eth0` */
export function encodeAddressDelete(
  w: WireWriter,
  sequence: number,
  request: NetRequest & { op: "address-delete" },
  resolver: Resolver,
): void {
  const address = cidrOf(request.address)
  const flags = NLM_F_REQUEST | NLM_F_ACK
  w.message(RTM_DELADDR, flags, sequence, () => writeAddress(w, address, RT_SCOPE_UNIVERSE, resolver.index(request.link)))
}

function writeAddress(w: WireWriter, address: Cidr, scope: number, index: number): void {
  const bytes = ipBytes(address)
  w.u8(familyOf(address))
  w.u8(address.prefix)
  w.u8(address.family === 6 ? IFA_F_NODAD : 0)
  w.u8(scope)
  w.u32(index)
  writeRaw(w, IFA_LOCAL, bytes)
  writeRaw(w, IFA_ADDRESS, bytes)
}

function scopeOf(address: Cidr): number {
  if (HOST_NETWORKS.some((network) => contains(network, address))) return RT_SCOPE_HOST
  return contains(LINK_NETWORK, address) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE
}

/** `ip address show`, both families. */
export function encodeAddressDump(w: WireWriter, sequence: number): void {
  w.message(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, sequence, () => {
    w.u32(AF_UNSPEC)
    w.u32(0)
  })
}

/** The attributes that `readAddress` looks at. */
export const TYPES_OF_ADDRESS: readonly number[] = [IFA_ADDRESS, IFA_LOCAL, IFA_PROTO, IFA_FLAGS, IFA_RT_PRIORITY]

/** An RTM_NEWADDR; undefined in a family that is neither IPv4 nor IPv6. With a peer, IFA_LOCAL is the link's own address. */
export function readAddress({ bytes, start, end }: Message): InterfaceAddress | undefined {
  if (end - start < ADDRESS_HEADER) throw new WireError("an address message without its header")
  const family = bytes[start] as number
  const scope = bytes[start + 3] as number
  if (family !== AF_INET && family !== AF_INET6) return undefined
  let address = ""
  let local = ""
  let protocol = 0
  let flags = bytes[start + 2] as number
  let metric = 0
  eachAttribute(bytes, start + ADDRESS_HEADER, end, (type, from, to) => {
    if (type === IFA_ADDRESS) address = readIp(bytes, from, to, family)
    else if (type === IFA_LOCAL) local = readIp(bytes, from, to, family)
    else if (type === IFA_PROTO) protocol = readU8(bytes, from, to)
    else if (type === IFA_FLAGS) flags = readU32(bytes, from, to)
    else if (type === IFA_RT_PRIORITY) metric = readU32(bytes, from, to)
  })
  const own = local === "" ? address : local
  if (own === "") throw new WireError("an address message without an address")
  return {
    ...{ index: readU32(bytes, start + 4, end), address: `${own}/${bytes[start + 1]}`, scope: SCOPES[scope] ?? String(scope), protocol },
    ...((flags & (family === AF_INET ? IFA_F_NOPREFIXROUTE | IFA_F_SECONDARY : IFA_F_NOPREFIXROUTE)) === 0 ? {} : { routeless: true }),
    ...(metric === 0 ? {} : { metric }),
  }
}
