import { formatCidr, networkOf, parseCidr } from "../../base/ip.ts"
import type { Attributes } from "../../model/resource.ts"

/** IPv4 knows no route to a single address that is a link's own, and none with those of 0.0.0.0/8. */
const SINGLE = 32
const ZERONET_END = 1n << 24n

/** Subnets of a link's addresses to which the kernel makes a route with each of them, sorted. fib_add_ifaddr(), addrconf_prefix_route() */
export function prefixesOf(addresses: readonly string[]): string[] {
  const found = addresses.flatMap((address) => prefixOf(address) ?? [])
  return found.length < 2 ? found : [...new Set(found)].sort()
}

/** The same of one; undefined: none. */
export function prefixOf(address: string): string | undefined {
  const cidr = parseCidr(address)
  if (cidr === undefined || (cidr.family === 4 && cidr.prefix === SINGLE)) return undefined
  const network = networkOf(cidr)
  return network.family === 4 && network.value < ZERONET_END ? undefined : formatCidr(network)
}

interface Sides {
  desired: Attributes
  observed: Attributes
}

/**
 * No file says anything of the routes that the kernel makes with the addresses of a link: they are wanted with them, but by who brings back what
 * was there before. Observed is which of them are left, where one is not there; and it matters where the address is wanted.
 */
export function withPrefixRoutes({ desired, observed }: Sides): Sides {
  if (desired.prefix_routes === undefined && observed.prefix_routes === undefined) return { desired, observed }
  const { prefix_routes: asked, ...want } = desired
  const { prefix_routes: left, ...have } = observed
  const there = (left ?? prefixesOf(addressesOf(observed))) as string[]
  const lost = prefixesOf(addressesOf(observed)).filter((prefix) => !there.includes(prefix))
  const all = desired.up === false ? [] : prefixesOf(addressesOf(desired))
  const wanted = asked === undefined ? all : all.filter((prefix) => (asked as string[]).includes(prefix))
  const found = all.filter((prefix) => !lost.includes(prefix))
  if (wanted.length === found.length && wanted.every((prefix, i) => prefix === found[i])) return { desired: want, observed: have }
  return { desired: { ...want, prefix_routes: wanted }, observed: { ...have, prefix_routes: found } }
}

function addressesOf({ address }: Attributes): string[] {
  return (address ?? []) as string[]
}
