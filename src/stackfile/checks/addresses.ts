import { contains, formatCidr, networkOf, parseCidr } from "../../base/ip.ts"
import type { Draft, DraftBridge, DraftInterface } from "../resolve.ts"
import { clashFinder } from "./clashes.ts"
import type { Spot } from "./spots.ts"
import { addressPath, hostPart, interfacePath } from "./spots.ts"

/** One address twice on a link or in a container; an address outside its bridge's subnet; IPv6 on links too small for it. */
export function checkAddresses(draft: Draft): void {
  const byBridge = new Map<string, DraftInterface[]>()
  for (const one of draft.interfaces) {
    const list = byBridge.get(one.attributes.bridge)
    if (list === undefined) byBridge.set(one.attributes.bridge, [one])
    else list.push(one)
  }
  for (const bridge of draft.bridges) checkBridge(draft, bridge, byBridge.get(bridge.entry.address) ?? [])
  checkContainers(draft)
  checkPairs(draft)
  checkIpv6(draft)
}

function finder() {
  return clashFinder({
    code: "address-clash",
    what: (value) => `address ${value}`,
    hint: "give one of the two another address, or `address: auto`",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: what the file may hold
    replicasHint: "write `address: auto`, or put ${index} into it",
  })
}

function checkBridge(draft: Draft, bridge: DraftBridge, members: readonly DraftInterface[]): void {
  const clash = finder()
  const { entry, source, value } = bridge
  for (const address of bridge.attributes.address) {
    clash(hostPart(address), { who: entry.address, entry, source, path: addressPath(["address"], value.address, address) })
  }
  const subnets = bridge.attributes.address.flatMap((a) => parseCidr(a) ?? [])
  for (const member of members) {
    for (const address of member.attributes.address) {
      const cidr = parseCidr(address)
      if (cidr === undefined) continue
      const path = interfacePath(draft, member, address)
      const own = subnets.filter((subnet) => subnet.family === cidr.family)
      if (own.length > 0 && !own.some((subnet) => contains(subnet, cidr))) {
        const list = own.map((subnet) => formatCidr(networkOf(subnet))).join(", ")
        member.entry.report(path, "outside-subnet", `address ${address} is outside the subnet of ${entry.address}, ${list}`, {
          hint: "choose an address of the subnet, or `address: auto`",
        })
      } else clash(hostPart(address), { who: member.entry.address, entry: member.entry, source: member.source, path })
    }
  }
}

/** Two interfaces of one container on different links. */
function checkContainers(draft: Draft): void {
  for (const container of draft.containers) {
    if (container.interfaces.length < 2) continue
    const links = new Map<string, string>()
    for (const one of container.interfaces) {
      for (const address of one.attributes.address) {
        const bridge = links.get(hostPart(address))
        links.set(hostPart(address), one.attributes.bridge)
        if (address === "auto" || bridge === undefined || bridge === one.attributes.bridge) continue
        one.entry.report(
          interfacePath(draft, one, address),
          "address-clash",
          `address ${hostPart(address)} is on another interface of ${container.entry.address} too`,
          {
            hint: "give one of the two another address",
          },
        )
      }
    }
  }
}

/** The two ends of a pair, and what else their containers have. */
function checkPairs(draft: Draft): void {
  const taken = new Map<string, ReturnType<typeof finder>>()
  const finderOf = (holder: string) => {
    const known = taken.get(holder)
    if (known !== undefined) return known
    const made = finder()
    taken.set(holder, made)
    for (const one of draft.interfaces) {
      if (one.attributes.container !== holder) continue
      for (const address of one.attributes.address) {
        if (address !== "auto")
          made(hostPart(address), {
            who: one.entry.address,
            entry: one.entry,
            source: one.source,
            path: interfacePath(draft, one, address),
          })
      }
    }
    if (holder === "host") {
      for (const { attributes, entry, source, value } of draft.bridges) {
        for (const address of attributes.address)
          made(hostPart(address), { who: entry.address, entry, source, path: addressPath(["address"], value.address, address) })
      }
    }
    return made
  }
  for (const { attributes, entry, source, value } of draft.veths) {
    const pair = finder()
    for (const [i, end] of attributes.endpoints.entries()) {
      const written = value.endpoints?.[i]
      for (const address of end.address) {
        const path = addressPath(["endpoints", i, "address"], typeof written === "string" ? undefined : written?.address, address)
        const spot: Spot = { who: `${entry.address}'s end ${end.interface}`, entry, source, path }
        const [first, second] = attributes.endpoints
        if (first?.container !== second?.container) pair(hostPart(address), spot)
        finderOf(end.container)(hostPart(address), spot)
      }
    }
  }
}

/** The kernel takes IPv6 off a link below 1280 bytes. RFC 8200, 5 */
const LEAST_IPV6_MTU = 1280

function checkIpv6(draft: Draft): void {
  for (const { attributes, entry } of [...draft.bridges, ...draft.interfaces]) {
    if (attributes.mtu >= LEAST_IPV6_MTU || !attributes.address.some((a) => a.includes(":"))) continue
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
