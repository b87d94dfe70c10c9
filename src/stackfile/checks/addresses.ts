import { grouped } from "../../base/grouped.ts"
import { contains, formatCidr, LEAST_IPV6_MTU, networkOf, parseCidr } from "../../base/ip.ts"
import type { Draft, DraftBridge, DraftInterface } from "../resolve.ts"
import { hasItsAddresses } from "../resolve.ts"
import type { ClashWords } from "./clashes.ts"
import { clashFinder } from "./clashes.ts"
import type { Spot } from "./spots.ts"
import { addressPath, hostPart, interfacePath } from "./spots.ts"

/** One address twice on a link or in a container; an address outside its bridge's subnet; IPv6 on links too small for it. */
export function checkAddresses(draft: Draft): void {
  const byBridge = grouped(draft.interfaces, ({ attributes }) => attributes.bridge)
  const told = new Set<string>()
  for (const bridge of draft.bridges) checkBridge(draft, bridge, byBridge.get(bridge.entry.address) ?? [], told)
  checkNamespaces(draft, told)
  checkIpv6(draft)
}

const WORDS: ClashWords = {
  code: "address-clash",
  what: (value) => `address ${value}`,
  hint: "give one of the two another address",
  replicasHint: `write \`address: auto\`, or put $\{index} into it`,
}

function finder(told: Set<string>) {
  return clashFinder(WORDS, told)
}

function bridgeSpot({ entry, source, value }: DraftBridge, address: string): Spot {
  return { who: entry.address, entry, source, path: addressPath(["address"], value.address, address) }
}

function checkBridge(draft: Draft, bridge: DraftBridge, members: readonly DraftInterface[], told: Set<string>): void {
  const clash = finder(told)
  const { entry } = bridge
  for (const address of bridge.attributes.address) clash(hostPart(address), bridgeSpot(bridge, address))
  const subnets = bridge.attributes.address.flatMap((a) => parseCidr(a) ?? [])
  const whole = hasItsAddresses(bridge)
  for (const member of members) {
    for (const address of member.attributes.address) {
      const cidr = parseCidr(address)
      if (cidr === undefined) continue
      const path = interfacePath(draft, member, address)
      const own = subnets.filter((subnet) => subnet.family === cidr.family)
      if (whole && own.length > 0 && !own.some((subnet) => contains(subnet, cidr))) {
        const list = own.map((subnet) => formatCidr(networkOf(subnet))).join(", ")
        member.entry.report(path, "outside-subnet", `address ${address} is outside the subnet of ${entry.address}, ${list}`, {
          hint: "choose an address of the subnet, or `address: auto`",
        })
      } else clash(hostPart(address), { who: member.entry.address, entry: member.entry, source: member.source, path })
    }
  }
}

/** What one network namespace holds: the interfaces of a container, or the bridges of the host, and the ends of pairs. */
function checkNamespaces(draft: Draft, told: Set<string>): void {
  const ends = endsByHolder(draft)
  for (const container of draft.containers) {
    const its = ends.get(container.entry.address) ?? []
    if (container.interfaces.length + its.length < 2) continue
    const clash = finder(told)
    for (const one of container.interfaces) {
      for (const address of one.attributes.address) {
        if (address === "auto") continue
        clash(hostPart(address), { who: one.entry.address, entry: one.entry, source: one.source, path: interfacePath(draft, one, address) })
      }
    }
    for (const { address, spot } of its) clash(hostPart(address), spot)
  }
  const onHost = ends.get("host") ?? []
  if (onHost.length === 0) return
  const clash = finder(told)
  for (const bridge of draft.bridges) for (const address of bridge.attributes.address) clash(hostPart(address), bridgeSpot(bridge, address))
  for (const { address, spot } of onHost) clash(hostPart(address), spot)
}

type AddressedEnd = { address: string; spot: Spot }

/** Addresses of the ends of pairs, by who holds the end. The two ends of one pair are compared on the way. */
function endsByHolder(draft: Draft): Map<string, AddressedEnd[]> {
  const found = new Map<string, AddressedEnd[]>()
  for (const { attributes, entry, source, value } of draft.veths) {
    const pair = finder(new Set())
    for (const [i, end] of attributes.endpoints.entries()) {
      const written = value.endpoints?.[i]
      const its = end.address.map((address): AddressedEnd => {
        const path = addressPath(["endpoints", i, "address"], typeof written === "string" ? undefined : written?.address, address)
        return { address, spot: { who: `${entry.address}'s end ${end.interface}`, entry, source, path } }
      })
      const [first, second] = attributes.endpoints
      if (first?.container !== second?.container) for (const { address, spot } of its) pair(hostPart(address), spot)
      found.set(end.container, [...(found.get(end.container) ?? []), ...its])
    }
  }
  return found
}

function checkIpv6(draft: Draft): void {
  for (const { attributes, entry } of [...draft.bridges, ...draft.interfaces]) {
    if (attributes.mtu === undefined || attributes.mtu >= LEAST_IPV6_MTU || !attributes.address.some((a) => a.includes(":"))) continue
    const path = entry.has(["mtu"]) ? ["mtu"] : ["address"]
    entry.report(path, "mtu-too-small", `mtu ${attributes.mtu} is too small for IPv6`, {
      hint: `IPv6 needs ${LEAST_IPV6_MTU} bytes: raise the mtu, or leave out the IPv6 address`,
    })
  }
  for (const { attributes, entry } of draft.veths) {
    const end = attributes.endpoints.findIndex((e) => e.address.some((a) => a.includes(":")))
    if (attributes.mtu >= LEAST_IPV6_MTU || end < 0) continue
    entry.report(["mtu"], "mtu-too-small", `mtu ${attributes.mtu} is too small for IPv6`, {
      hint: `IPv6 needs ${LEAST_IPV6_MTU} bytes: raise the mtu, or leave out the IPv6 address`,
    })
  }
}
