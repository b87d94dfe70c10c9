import type { Cidr } from "../base/ip.ts"
import { networkOf } from "../base/ip.ts"
import { parseAnyMac } from "../base/mac.ts"
import type { Condition, Place } from "./condition.ts"
import { above, all, any, atLeast, equals, not } from "./condition.ts"

/** Which end of a packet is asked: `src`, `dst`, either, or both. pcap-filter(7) */
export type Direction = "src" | "dst" | "src or dst" | "src and dst"

/** ETH_P_*, <linux/if_ether.h> */
export const ETHERTYPES = { ip: 0x0800, arp: 0x0806, rarp: 0x8035, ip6: 0x86dd } as const
export type NetworkProtocol = keyof typeof ETHERTYPES
const VLAN_TYPES = [0x8100, 0x88a8, 0x9100]

/** What has ports, in both families. */
export const WITH_PORTS: { readonly [word: string]: number } = { tcp: 6, udp: 17, sctp: 132 }

const TYPE: Place = { of: "type" }
const network = (offset: number, size: 1 | 2 | 4 = 1): Place => ({ of: "network", offset, size })
const link = (offset: number, size: 1 | 2 | 4): Place => ({ of: "link", offset, size })

/** Where a header has them: struct iphdr, ipv6hdr, arphdr. */
const IP4 = { protocol: network(9), fragment: network(6, 2), src: 12, dst: 16 }
const IP6 = { next: network(6), behind: 40, src: 8, dst: 24 }
const ARP = { src: 14, dst: 24 }
/** The header of IPv6 that says that a packet is a part of one, and its own next header. */
const FRAGMENT = 44
const FRAGMENT_OFFSET = 0x1fff

export function ofType(protocol: NetworkProtocol): Condition {
  return equals(TYPE, ETHERTYPES[protocol])
}

export function ofEthertype(number: number): Condition {
  return equals(TYPE, number)
}

/** What IP carries; of IPv6 right behind its own header, or that of a fragment. */
export function carries(number: number, family: "ip" | "ip6" | "both"): Condition {
  const four = all(ofType("ip"), equals(IP4.protocol, number))
  const fragment = all(equals(IP6.next, FRAGMENT), equals(network(IP6.behind), number))
  const six = all(ofType("ip6"), any(equals(IP6.next, number), fragment))
  return family === "ip" ? four : family === "ip6" ? six : any(four, six)
}

function ends(direction: Direction, end: (which: "src" | "dst") => Condition): Condition {
  if (direction === "src" || direction === "dst") return end(direction)
  return direction === "src or dst" ? any(end("src"), end("dst")) : all(end("src"), end("dst"))
}

/** A host or a network, by IP, or as ARP names it; `protocol`: only in such packets. */
export function within(cidr: Cidr, direction: Direction, protocol?: NetworkProtocol): Condition {
  if (cidr.family === 6)
    return all(
      ofType("ip6"),
      ends(direction, (which) => matches(cidr, IP6[which])),
    )
  const ip = all(
    ofType("ip"),
    ends(direction, (which) => matches(cidr, IP4[which])),
  )
  const arp = (type: "arp" | "rarp") =>
    all(
      ofType(type),
      ends(direction, (which) => matches(cidr, ARP[which])),
    )
  if (protocol === "arp" || protocol === "rarp") return arp(protocol)
  return protocol === "ip" ? ip : any(ip, arp("arp"), arp("rarp"))
}

function matches(cidr: Cidr, offset: number): Condition {
  const { value } = networkOf(cidr)
  const words: Condition[] = []
  for (let i = 0; i < (cidr.family === 6 ? 4 : 1); i++) {
    const bits = Math.min(Math.max(cidr.prefix - 32 * i, 0), 32)
    if (bits === 0) break
    const word = Number((value >> BigInt((cidr.family === 6 ? 96 : 0) - 32 * i)) & 0xffffffffn)
    words.push(equals(network(offset + 4 * i, 4), word, bits === 32 ? undefined : (0xffff_ffff << (32 - bits)) >>> 0))
  }
  return all(...words)
}

/** Ports from one to another; of fragments only the first one has some. */
export function ports(first: number, last: number, direction: Direction, protocol?: string): Condition {
  const numbers = protocol === undefined ? Object.values(WITH_PORTS) : [WITH_PORTS[protocol] as number]
  const inRange = (at: Place) => (first === last ? equals(at, first) : all(atLeast(at, first), not(above(at, last))))
  const six = ends(direction, (which) => inRange(network(IP6.behind + (which === "src" ? 0 : 2), 2)))
  const four = ends(direction, (which) => inRange({ of: "behind-ip4", offset: which === "src" ? 0 : 2, size: 2 }))
  const one = (at: Place) => any(...numbers.map((number) => equals(at, number)))
  return any(all(ofType("ip6"), one(IP6.next), six), all(ofType("ip"), one(IP4.protocol), equals(IP4.fragment, 0, FRAGMENT_OFFSET), four))
}

/** `mac`: canonical. */
export function byMac(mac: string, direction: Direction): Condition {
  const digits = (parseAnyMac(mac) ?? "").replaceAll(":", "")
  const at = { src: 6, dst: 0 }
  return ends(direction, (which) =>
    all(
      equals(link(at[which], 4), Number.parseInt(digits.slice(0, 8), 16)),
      equals(link(at[which] + 4, 2), Number.parseInt(digits.slice(8), 16)),
    ),
  )
}

/** To all of a link, or to a group; undefined where there is no such thing, or where it takes the mask of a network. */
export function toGroup(of: "ether" | "ip" | "ip6", which: "broadcast" | "multicast"): Condition | undefined {
  if (of === "ether") return which === "broadcast" ? byMac("ff:ff:ff:ff:ff:ff", "dst") : equals(link(0, 1), 1, 1)
  if (which === "broadcast") return undefined
  return of === "ip" ? all(ofType("ip"), atLeast(network(IP4.dst), 224)) : all(ofType("ip6"), equals(network(IP6.dst), 255))
}

/** With a VLAN tag, that the kernel has taken out or not, and of this number. */
export function inVlan(id?: number): Condition {
  const tag: Condition[] = id === undefined ? [] : [equals({ of: "tag" }, id, 0xfff)]
  const inside: Condition[] = id === undefined ? [] : [equals(link(14, 2), id, 0xfff)]
  return any(all(equals({ of: "tagged" }, 1), ...tag), all(any(...VLAN_TYPES.map((type) => equals(link(12, 2), type))), ...inside))
}

export function longerThan(bytes: number): Condition {
  return atLeast({ of: "length" }, bytes)
}

export function shorterThan(bytes: number): Condition {
  return not(above({ of: "length" }, bytes))
}
