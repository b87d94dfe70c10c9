import { canonicalCidr, canonicalIp, parseCidr } from "../../base/ip.ts"
import { parseMac } from "../../base/mac.ts"
import type { Entry, Path } from "../../model/entry.ts"

/** What may stand once or as a list, as a list, each with its path. */
export function items<T>(path: Path, value: T | readonly T[] | undefined): { path: Path; value: T }[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) return [{ path, value: value as T }]
  return value.map((item: T, i) => ({ path: [...path, i], value: item }))
}

/** Addresses in canonical form, sorted; those that are none are reported and left out. */
export function addressList(entry: Entry, path: Path, value: string | readonly string[] | undefined): string[] {
  const found = new Set<string>()
  for (const item of items(path, value)) {
    const canonical = hostAddress(entry, item.path, item.value)
    if (canonical === undefined) continue
    if (found.has(canonical))
      entry.report(item.path, "duplicate-address", `address ${canonical} stands twice here`, { hint: "take one out" })
    found.add(canonical)
  }
  return [...found].sort()
}

/** `ADDRESS/LENGTH` that an interface may have. */
export function hostAddress(entry: Entry, path: Path, text: string): string | undefined {
  const cidr = parseCidr(text)
  if (cidr === undefined) {
    const bare = canonicalIp(text)
    const hint = ["dhcp", "slaac"].includes(text.toLowerCase())
      ? "leave `address` out, have a program in the container ask for one, and let it be: `ignore_drift: [address]`"
      : bare === undefined
        ? "write an address such as 10.20.0.2/24 or fd20::2/64"
        : `write it with its prefix length: ${text}/${bare.includes(":") ? 64 : 24}`
    entry.report(
      path,
      "bad-address",
      bare === undefined ? `\`${text}\` is not an IP address with a prefix length` : `address ${text} has no prefix length`,
      { hint },
    )
    return undefined
  }
  const refusal = whyNoHost(cidr.family, cidr.value, cidr.prefix)
  if (refusal === undefined) return canonicalCidr(text)
  entry.report(path, "bad-address", `${text} is ${refusal}`, { hint: "give the interface an address of its own, such as 10.20.0.2/24" })
  return undefined
}

/** Why an address can be no host's, in words. RFC 6890, RFC 4291 */
function whyNoHost(family: 4 | 6, value: bigint, prefix: number): string | undefined {
  const bits = family === 4 ? 32n : 128n
  const first = Number(value >> (bits - 8n))
  if (value === 0n) return "the unspecified address"
  if (family === 4 ? first === 127 : value === 1n) return "a loopback address"
  if (family === 4 ? first >= 224 && first < 240 : first === 0xff) return "a multicast address"
  if (family === 6 && value >> 118n === 0x3fan) return "a link-local address, which the kernel gives by itself"
  const host = (1n << (bits - BigInt(prefix))) - 1n
  if (host < 3n) return undefined
  if ((value & host) === 0n) return family === 4 ? "the address of the network itself" : "the subnet's router anycast address"
  return family === 4 && (value & host) === host ? "the broadcast address of its network" : undefined
}

/** A MAC address in canonical form; undefined where none is written, or a wrong one, which is reported. */
export function macOf(entry: Entry, path: Path, text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const mac = parseMac(text)
  if (mac === undefined) {
    entry.report(path, "bad-mac", `\`${text}\` is not the MAC address of an interface`, {
      hint: "write six pairs of hexadecimal digits, the first pair even, such as 02:00:00:00:00:01",
    })
  }
  return mac
}
