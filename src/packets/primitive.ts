import type { Cidr } from "../base/ip.ts"
import { formatIp, lastOf, networkOf, parseCidr, parseIp } from "../base/ip.ts"
import { protocolNumber } from "../base/ip-protocols.ts"
import { parseAnyMac } from "../base/mac.ts"
import type { Condition } from "./condition.ts"
import type { Direction, NetworkProtocol } from "./meaning.ts"
import { byMac, carries, ETHERTYPES, ofEthertype, ports, WITH_PORTS, within } from "./meaning.ts"

export const NETWORK_PROTOCOLS = Object.keys(ETHERTYPES) as NetworkProtocol[]
export const TYPES = ["host", "net", "port", "portrange", "proto"] as const

/** What IP carries, by its word, and whether in one family alone. */
export const CARRIED: { readonly [word: string]: { number: number; family: "ip" | "ip6" | "both" } } = {
  ...Object.fromEntries(Object.entries(WITH_PORTS).map(([word, number]) => [word, { number, family: "both" as const }])),
  icmp: { number: 1, family: "ip" },
  igmp: { number: 2, family: "ip" },
  icmp6: { number: 58, family: "ip6" },
  esp: { number: 50, family: "both" },
  ah: { number: 51, family: "both" },
}

/** The words before a value, of which one at the least is there. */
export interface Qualifiers {
  protocol?: string
  direction?: Direction
  type?: (typeof TYPES)[number]
}

/**
 * What `tcp dst port` and a value mean together.
 *
 * @throws RangeError with what is wrong with the value
 */
export function primitiveOf({ protocol, direction = "src or dst", type = "host" }: Qualifiers, value: string, mask?: string): Condition {
  if (type === "proto") return protocolOf(protocol, value)
  if (type === "port" || type === "portrange") {
    if (protocol !== undefined && !(protocol in WITH_PORTS)) throw new RangeError(`there are no ports of ${protocol}`)
    const [first, last] = portsOf(type, value)
    return ports(first, last, direction, protocol)
  }
  if (protocol === "ether") {
    const mac = type === "host" ? parseAnyMac(value) : undefined
    if (mac === undefined) throw new RangeError(`${value} is no MAC address such as 02:00:00:00:00:01`)
    return byMac(mac, direction)
  }
  const network = NETWORK_PROTOCOLS.find((one) => one === protocol)
  if (protocol !== undefined && network === undefined)
    throw new RangeError(`${protocol} has no ${type}: write \`${protocol} and ${type} ${value}\``)
  const cidr = type === "host" ? hostOf(value) : netOf(value, mask)
  const family = cidr.family === 6 ? "ip6" : network === "ip6" ? "ip" : network
  if (network !== undefined && family !== network) throw new RangeError(`${value} is no address of ${network}`)
  return within(cidr, direction, network)
}

/** A word may have a backslash before it, as tcpdump wants it. */
function protocolOf(protocol: string | undefined, written: string): Condition {
  const value = written.replace(/^\\/, "")
  if (protocol === "ether") {
    const number = NETWORK_PROTOCOLS.includes(value as NetworkProtocol) ? ETHERTYPES[value as NetworkProtocol] : Number(value)
    if (!/^(0x[0-9a-f]+|[0-9]+|[a-z0-9]+)$/i.test(value) || !(number >= 0x600 && number <= 0xffff))
      throw new RangeError(`${value} is no type of Ethernet's: ip, ip6, arp, rarp, or a number such as 0x88cc`)
    return ofEthertype(number)
  }
  const number = CARRIED[value]?.number ?? protocolNumber(value)
  if (number === undefined) throw new RangeError(`${value} is no protocol of IP: a word such as tcp, or a number up to 255`)
  if (protocol !== undefined && protocol !== "ip" && protocol !== "ip6") throw new RangeError(`\`proto\` stands behind ether, ip or ip6`)
  return carries(number, protocol ?? "both")
}

function portsOf(type: "port" | "portrange", value: string): [number, number] {
  const form = type === "port" ? /^([0-9]{1,5})$/ : /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/
  const [, first = "65536", last = first] = form.exec(value) ?? []
  if (Number(first) <= Number(last) && Number(last) <= 65535) return [Number(first), Number(last)]
  throw new RangeError(`${value} is no ${type === "port" ? "number of a port" : "range of ports such as 8000-8080"}`)
}

function hostOf(value: string): Cidr {
  const ip = parseIp(value)
  if (ip !== undefined) return { ...ip, prefix: ip.family === 6 ? 128 : 32 }
  if (parseCidr(value) !== undefined) throw new RangeError(`${value} is a network: write \`net ${value}\``)
  throw new RangeError(`${value} is no IP address`)
}

function netOf(value: string, mask: string | undefined): Cidr {
  const cidr = mask === undefined ? (parseCidr(value) ?? undefined) : parseCidr(`${value}/${prefixOf(mask) ?? "?"}`)
  if (cidr === undefined) throw new RangeError(`${value}${mask === undefined ? "" : ` mask ${mask}`} is no network such as 10.0.0.0/8`)
  if (networkOf(cidr).value !== cidr.value)
    throw new RangeError(`${value} is an address in its network: that is ${formatIp(networkOf(cidr))}/${cidr.prefix}`)
  return cidr
}

/** The length of a prefix that is written as a mask of IPv4. */
function prefixOf(mask: string): number | undefined {
  const ip = parseIp(mask)
  if (ip === undefined || ip.family === 6) return undefined
  return Array.from({ length: 33 }, (_, i) => i).find((i) => lastOf({ family: 4, value: 0n, prefix: i }).value === 0xffffffffn - ip.value)
}
