import type { Ip } from "../base/ip.ts"
import { parseIp } from "../base/ip.ts"
import type { Ffi } from "./ffi.ts"
import type { NetNs } from "./kernel.ts"
import { ipBytes } from "./netlink/rtnl/ip-bytes.ts"
import { refused } from "./refused.ts"

/** Who has an IP address, and where it is found. */
export interface Holding {
  /** Without its prefix length. */
  address: string
  mac: string
}

/** The part of the port by which neighbours learn what has changed. */
export interface Announcements {
  /** Tells all on a link's segment where these addresses are found now, as the link's own. Throws KernelError, of a link that is down too. */
  announce(ns: NetNs, link: string, holdings: readonly Holding[]): void
}

export function announcementTwin(link: string, holdings: readonly Holding[]): string {
  return `arping -U -I ${link} ${holdings.map(({ address }) => address).join(" ")}`
}

export function openAnnouncements(ffi: Ffi): Announcements {
  return {
    announce(ns, link, holdings) {
      const frames = holdings.map(announcementOf).flatMap((frame) => [Uint8Array.of(frame.length & 0xff, frame.length >> 8), frame])
      refused(announcementTwin(link, holdings), ffi.sendFrames(ns === "host" ? "" : ns, link, Buffer.concat(frames)))
    },
  }
}

const ETH_P = { ip: 0x0800, arp: 0x0806, ip6: 0x86dd }
const [IPPROTO_ICMPV6, NEIGHBOUR_ADVERTISEMENT, ALL_HOPS] = [58, 136, 255]
/** RFC 4861, 4.4: takes the place of what was known. */
const OVERRIDE = 0x20
const TARGET_LINK_ADDRESS = 2

/** The frame: of IPv4 a gratuitous ARP request (RFC 5227, 2.3), of IPv6 an unsolicited neighbour advertisement (RFC 4861, 7.2.6). */
export function announcementOf({ address, mac }: Holding): Buffer {
  const ip = parseIp(address)
  if (ip === undefined) throw new Error(`internal error: ${address} is no address`)
  const [own, bytes] = [macBytes(mac), ipBytes(ip)]
  return ip.family === 4 ? arp(own, bytes) : advertisement(own, bytes)
}

function arp(own: Uint8Array, address: Uint8Array): Buffer {
  const request = words(1, ETH_P.ip, 0x0604, 1)
  return Buffer.concat([new Uint8Array(6).fill(0xff), own, words(ETH_P.arp), request, own, address, new Uint8Array(6), address])
}

function advertisement(own: Uint8Array, address: Uint8Array): Buffer {
  const [toMac, to] = [macBytes("33:33:00:00:00:01"), ipBytes(parseIp("ff02::1") as Ip)]
  const message = Buffer.concat([
    ...[Uint8Array.of(NEIGHBOUR_ADVERTISEMENT, 0, 0, 0), Uint8Array.of(OVERRIDE, 0, 0, 0), address],
    ...[Uint8Array.of(TARGET_LINK_ADDRESS, 1), own],
  ])
  message.writeUInt16BE(checksum(Buffer.concat([address, to, words(0, message.length, 0, IPPROTO_ICMPV6), message])), 2)
  const header = [Uint8Array.of(0x60, 0, 0, 0), words(message.length), Uint8Array.of(IPPROTO_ICMPV6, ALL_HOPS), address, to]
  return Buffer.concat([toMac, own, words(ETH_P.ip6), ...header, message])
}

/** Numbers of two bytes, in network byte order. */
function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length)
  for (const [i, value] of values.entries()) bytes.writeUInt16BE(value, 2 * i)
  return bytes
}

function macBytes(mac: string): Uint8Array {
  return Uint8Array.from(mac.split(":"), (part) => Number.parseInt(part, 16))
}

/** The one's complement of the sum in one's complement: RFC 1071. All that is summed here has an even length. */
function checksum(bytes: Buffer): number {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16)
  return ~sum & 0xffff
}
