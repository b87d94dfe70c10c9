import { grouped } from "../../base/grouped.ts"
import type { InterfaceAddress, LinkRef, NetDump, NetRequest } from "../../kernel/kernel.ts"

/** IFAPROT_KERNEL_RA: made of a router's advertisement, and gone when that runs out. linux/if_addr.h, since Linux 5.18 */
const BY_ADVERTISEMENT = 2

/**
 * The addresses of one link as a stack file would write them: sorted, without those the kernel gives itself (IPv6 link-local,
 * fe80::/10, and what routers advertise).
 */
export function canonicalAddresses(dump: NetDump, index: number): string[] {
  return ownAddresses(dump, index)
    .map((a) => a.address)
    .sort()
}

/** All by which it can be reached beyond its own link: those that routers advertise, too. */
export function reachableAddresses({ addresses }: Pick<NetDump, "addresses">, index: number): string[] {
  return addresses
    .filter((one) => one.index === index && (isOwn(one) || one.protocol === BY_ADVERTISEMENT))
    .map(({ address }) => address)
    .sort()
}

/** Of each reading, by link: a namespace may have hundreds, and each link is asked for more than once. */
const OWN = new WeakMap<readonly InterfaceAddress[], ReadonlyMap<number, InterfaceAddress[]>>()

/** The same as the kernel tells them, in its order. */
export function ownAddresses({ addresses }: Pick<NetDump, "addresses">, index: number): readonly InterfaceAddress[] {
  const known = OWN.get(addresses) ?? grouped(addresses.filter(isOwn), (address) => address.index)
  OWN.set(addresses, known)
  return known.get(index) ?? []
}

function isOwn({ scope, protocol }: InterfaceAddress): boolean {
  return scope !== "link" && scope !== "host" && protocol !== BY_ADVERTISEMENT
}

/**
 * New addresses first: taking the last one of a subnet away would drop every route through it. But IPv6 has an address once on a link: one
 * that gets another prefix goes before it comes. ipv6_add_addr() in net/ipv6/addrconf.c
 */
export function addressChanges(link: LinkRef, have: readonly string[], want: readonly string[]): NetRequest[] {
  const added = want.filter((address) => !have.includes(address))
  const removed = have.filter((address) => !want.includes(address))
  const again = new Set(added.filter((address) => address.includes(":")).map(withoutPrefix))
  const inTheWay = removed.filter((address) => again.has(withoutPrefix(address)))
  const remove = (address: string): NetRequest => ({ op: "address-delete", link, address })
  return [
    ...inTheWay.map(remove),
    ...added.map((address): NetRequest => ({ op: "address-add", link, address })),
    ...removed.filter((address) => !inTheWay.includes(address)).map(remove),
  ]
}

function withoutPrefix(address: string): string {
  return address.slice(0, address.indexOf("/"))
}

/** What is left of a link's addresses once it has been set down: the kernel drops those of IPv6 then, and only those. */
export function keptWhenDown(addresses: readonly string[]): string[] {
  return addresses.filter((address) => !address.includes(":"))
}
