import type { Cidr, Ip } from "../../../base/ip.ts"
import { formatIp6, parseCidr, parseIp } from "../../../base/ip.ts"
import { AF_INET, AF_INET6 } from "../constants/rtnetlink.ts"
import { WireError } from "../wire.ts"

const SIZE = { 4: 4, 6: 16 } as const

/** AF_INET or AF_INET6. */
export function familyOf(ip: Ip): number {
  return ip.family === 4 ? AF_INET : AF_INET6
}

/** An address in network byte order. */
export function ipBytes({ family, value }: Ip): Uint8Array {
  const bytes = new Uint8Array(SIZE[family])
  for (let i = bytes.length - 1, rest = value; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn)
  return bytes
}

/** Throws WireError where `text` is no `ADDRESS/LENGTH`. */
export function cidrOf(text: string): Cidr {
  const cidr = parseCidr(text)
  if (cidr === undefined) throw new WireError(`"${text}" is no address with a prefix length`)
  return cidr
}

/** Throws WireError where `text` is no address of this family. */
export function ipOf(text: string, family: 4 | 6): Ip {
  const ip = parseIp(text)
  if (ip?.family !== family) throw new WireError(`"${text}" is no IPv${family} address`)
  return ip
}

/** The canonical text of an address in network byte order. Throws WireError where its size is not the family's. */
export function readIp(bytes: Buffer, from: number, to: number, family: number): string {
  if (to - from !== (family === AF_INET ? SIZE[4] : SIZE[6])) throw new WireError(`an address of ${to - from} bytes in family ${family}`)
  if (family === AF_INET) return `${bytes[from]}.${bytes[from + 1]}.${bytes[from + 2]}.${bytes[from + 3]}`
  return formatIp6(Array.from({ length: 8 }, (_, i) => ((bytes[from + 2 * i] as number) << 8) | (bytes[from + 2 * i + 1] as number)))
}
