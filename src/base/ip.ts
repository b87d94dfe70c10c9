/** An IP address as a number of 32 or 128 bits. */
export interface Ip {
  readonly family: 4 | 6
  readonly value: bigint
}

/** An address with the length of its network's prefix. */
export type Cidr = Readonly<Ip & { prefix: number }>

const BITS = { 4: 32, 6: 128 } as const

/** `10.0.0.1` or `fd20::1`; undefined for anything else (no leading zeros, no zone). RFC 4291, RFC 5952 */
export function parseIp(text: string): Ip | undefined {
  return text.includes(":") ? parseIp6(text) : parseIp4(text)
}

const DOTTED = /^(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})$/

/** Of numbers until the end: a stack has thousands of addresses, and a step of BigInt's costs as much as a whole address. */
function parseIp4(text: string): Ip | undefined {
  const found = DOTTED.exec(text)
  if (found === null) return undefined
  const [a, b, c, d] = [Number(found[1]), Number(found[2]), Number(found[3]), Number(found[4])]
  if (a > 255 || b > 255 || c > 255 || d > 255) return undefined
  return { family: 4, value: BigInt(((a * 256 + b) * 256 + c) * 256 + d) }
}

function parseIp6(text: string): Ip | undefined {
  const halves = withoutDottedTail(text)?.split("::")
  if (halves === undefined || halves.length > 2) return undefined
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")))
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...Array<string>(missing).fill("0"), ...tail]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return { family: 6, value: groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n) }
}

/** `::ffff:10.0.0.1` with its last 32 bits as two groups. */
function withoutDottedTail(text: string): string | undefined {
  if (!text.includes(".")) return text
  const colon = text.lastIndexOf(":")
  const tail = parseIp4(text.slice(colon + 1))
  if (tail === undefined) return undefined
  return `${text.slice(0, colon + 1)}${(tail.value >> 16n).toString(16)}:${(tail.value & 0xffffn).toString(16)}`
}

/** The one canonical spelling. RFC 5952 */
export function formatIp({ family, value }: Ip): string {
  if (family === 4) return formatIp4(Number(value))
  return formatIp6(
    [96n, 64n, 32n, 0n].flatMap((shift) => {
      const word = Number((value >> shift) & 0xffffffffn)
      return [word >>> 16, word & 0xffff]
    }),
  )
}

/** The same of an IPv6 address as eight numbers of 16 bits: the longest run of zeros, of two at the least and the first of equals, is `::`. */
export function formatIp6(groups: readonly number[]): string {
  const { start, length } = longestZeros(groups)
  if (length < 2) return hex(groups, 0, groups.length)
  return `${hex(groups, 0, start)}::${hex(groups, start + length, groups.length)}`
}

function hex(groups: readonly number[], from: number, to: number): string {
  let text = ""
  for (let i = from; i < to; i++) text += (i === from ? "" : ":") + (groups[i] as number).toString(16)
  return text
}

function formatIp4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}

/** The first of the longest runs. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let length = 0
  for (let end = 0; end < groups.length; end++) {
    length = groups[end] === 0 ? length + 1 : 0
    if (length > best.length) best = { start: end + 1 - length, length }
  }
  return best
}

/** A stack's addresses are looked at again and again, by the file's checks, and by the plan: what a text comes to is remembered. */
const PARSED = new Map<string, Cidr | undefined>()
/** However many a program looks at that goes on and on. */
const MOST_PARSED = 20_000

/** `10.0.0.1/24`; the prefix length is required. */
export function parseCidr(text: string): Cidr | undefined {
  const known = PARSED.get(text)
  if (known !== undefined || PARSED.has(text)) return known
  if (PARSED.size === MOST_PARSED) PARSED.clear()
  const cidr = parsedCidr(text)
  PARSED.set(text, cidr)
  return cidr
}

function parsedCidr(text: string): Cidr | undefined {
  const slash = text.indexOf("/")
  const ip = slash < 0 ? undefined : parseIp(text.slice(0, slash))
  const length = text.slice(slash + 1)
  if (ip === undefined || !/^(0|[1-9][0-9]{0,2})$/.test(length) || Number(length) > BITS[ip.family]) return undefined
  return { ...ip, prefix: Number(length) }
}

export function formatCidr(cidr: Cidr): string {
  return `${formatIp(cidr)}/${cidr.prefix}`
}

/** The canonical spelling of `ADDRESS/LENGTH`, host bits kept; undefined for anything else. */
export function canonicalCidr(text: string): string | undefined {
  const cidr = parseCidr(text)
  return cidr === undefined ? undefined : formatCidr(cidr)
}

/** The canonical spelling of an address; undefined for anything else. */
export function canonicalIp(text: string): string | undefined {
  const ip = parseIp(text)
  return ip === undefined ? undefined : formatIp(ip)
}

function hostBits({ family, prefix }: Cidr): bigint {
  return (1n << BigInt(BITS[family] - prefix)) - 1n
}

/** The network itself: host bits zero. */
export function networkOf(cidr: Cidr): Cidr {
  if (cidr.family === 6) return { ...cidr, value: cidr.value & ~hostBits(cidr) }
  // In numbers: a stack has thousands of these.
  const value = Number(cidr.value)
  return { ...cidr, value: BigInt(value - (value % 2 ** (32 - cidr.prefix))) }
}

/** The last address of the network: the broadcast address of IPv4. */
export function lastOf(cidr: Cidr): Ip {
  return { family: cidr.family, value: cidr.value | hostBits(cidr) }
}

export function contains(network: Cidr, ip: Ip): boolean {
  return network.family === ip.family && (network.value & ~hostBits(network)) === (ip.value & ~hostBits(network))
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.prefix <= b.prefix ? contains(a, b) : contains(b, a)
}

/** How many addresses a host may have: without network and broadcast address in IPv4 (RFC 3021 keeps both of a /31). */
export function hostCount(cidr: Cidr): bigint {
  const all = hostBits(cidr) + 1n
  if (cidr.family === 6) return cidr.prefix >= 127 ? all : all - 1n
  return cidr.prefix >= 31 ? all : all - 2n
}

/** The n-th address a host may have, from 0. IPv6 leaves out the subnet-router anycast address (RFC 4291). */
export function nthAddress(cidr: Cidr, n: bigint): Ip {
  const reserved = cidr.prefix >= BITS[cidr.family] - 1 ? 0n : 1n
  return { family: cidr.family, value: networkOf(cidr).value + reserved + n }
}

/** A link with a smaller mtu has no IPv6. RFC 8200, 5 */
export const LEAST_IPV6_MTU = 1280

/** Whether a link whose mtu changes gets IPv6 back, as conf/default has it: what was set of it is lost. addrconf_notify() in net/ipv6 */
export function regainsIpv6(before: number, after: number): boolean {
  return before < LEAST_IPV6_MTU && after >= LEAST_IPV6_MTU
}
