import { grouped } from "../../base/grouped.ts"
import type { Cidr, Ip } from "../../base/ip.ts"
import { formatCidr, hostCount, networkOf, nthAddress, parseCidr, parseIp } from "../../base/ip.ts"
import type { Draft, DraftInterface } from "../resolve.ts"

/** Subnets that have not enough addresses for all interfaces that are to get one of them. */
export function checkRoom(draft: Draft): void {
  const automatic = draft.interfaces.filter(({ attributes: { address, bridge } }) => bridge !== undefined && address.includes("auto"))
  const wishes = grouped(automatic, ({ attributes }) => attributes.bridge)
  if (wishes.size === 0) return
  const taken = writtenAddresses(draft)
  for (const { attributes, entry } of draft.bridges) {
    const wanting = wishes.get(entry.address) ?? []
    for (const subnet of wanting.length === 0 ? [] : subnetsOf(attributes.address)) checkSubnet(subnet, wanting, taken)
  }
}

/** By family and without duplicates, sorted. */
type Taken = { readonly [F in Ip["family"]]: readonly bigint[] }

/** What the stack names itself, and so gives to nobody else: addresses of bridges, interfaces and ends of pairs, and gateways. */
function writtenAddresses({ bridges, interfaces, veths }: Draft): Taken {
  const texts = [
    ...bridges.flatMap(({ attributes }) => attributes.address),
    ...interfaces.flatMap(({ attributes }) => [...attributes.address, ...attributes.gateway]),
    ...veths.flatMap(({ attributes }) => attributes.endpoints.flatMap((end) => end.address)),
  ]
  const ips = texts.flatMap((text) => parseCidr(text) ?? parseIp(text) ?? [])
  const of = (family: Ip["family"]) => [...new Set(ips.filter((ip) => ip.family === family).map((ip) => ip.value))]
  const ascending = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0)
  return { 4: of(4).sort(ascending), 6: of(6).sort(ascending) }
}

function subnetsOf(addresses: readonly string[]): Cidr[] {
  const networks = addresses.flatMap((text) => parseCidr(text) ?? []).map(networkOf)
  return [...new Map(networks.map((network) => [formatCidr(network), network])).values()]
}

/** Told once, by the first interface for which none is left. */
function checkSubnet(subnet: Cidr, wanting: readonly DraftInterface[], taken: Taken): void {
  const first = nthAddress(subnet, 0n).value
  const hosts = hostCount(subnet)
  const written = below(taken[subnet.family], first + hosts) - below(taken[subnet.family], first)
  const free = hosts - BigInt(written)
  const loser = free >= BigInt(wanting.length) ? undefined : wanting[Number(free)]
  if (loser === undefined) return
  const { entry, attributes } = loser
  const text = formatCidr(subnet)
  entry.report(["address"], "addresses-exhausted", `no address of ${text} is left for ${entry.address}`, {
    detail: `It has ${hosts}. Written in the file: ${written}; wanted by \`address: auto\`: ${wanting.length}.`,
    hint: `give ${attributes.bridge} a larger subnet`,
  })
}

/** How many of the sorted values are less than a bound. */
function below(values: readonly bigint[], bound: bigint): number {
  let [low, high] = [0, values.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((values[middle] as bigint) < bound) low = middle + 1
    else high = middle
  }
  return low
}
