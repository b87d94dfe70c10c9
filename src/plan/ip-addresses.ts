import type { Address } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import { hash32 } from "../base/hash.ts"
import type { Cidr, Ip } from "../base/ip.ts"
import { contains, formatCidr, hostCount, networkOf, nthAddress, parseCidr, parseIp } from "../base/ip.ts"
import type { BridgeAttributes } from "../kinds/bridge/spec.ts"
import type { InterfaceAttributes } from "../kinds/interface/spec.ts"
import type { VethAttributes } from "../kinds/veth/spec.ts"
import type { Desired, Resource, Snapshot } from "../model/resource.ts"

const AUTO = "auto"

export interface ChosenAddresses {
  /** By address of an interface: its IP addresses, canonical and sorted. */
  addresses: ReadonlyMap<Address, string[]>
  diagnostics: Diagnostic[]
}

/** One wish: an address of this subnet for that interface. */
interface Wish {
  resource: Resource
  subnet: Cidr
}

/** For every `address: auto` one address of each subnet of its bridge. `interfaces` in an order that is not chance. */
export function chooseAddresses(desired: Desired, interfaces: readonly Resource[], snapshot: Snapshot): ChosenAddresses {
  const bridges = new Map(desired.resources.filter((r) => r.kind === "bridge").map((r) => [r.address, subnetsOf(r)]))
  const diagnostics: Diagnostic[] = []
  const automatic = interfaces.filter((r) => specOf(r).address.includes(AUTO))
  const wishes = automatic.flatMap((resource) => {
    const subnets = bridges.get(specOf(resource).bridge ?? "") ?? []
    if (subnets.length === 0) diagnostics.push(noSubnet(resource))
    return unserved(resource, subnets).map((subnet) => ({ resource, subnet }))
  })
  const taken = automatic.length === 0 ? new Set<bigint>() : explicitAddresses(desired)
  const chosen = new Map(automatic.map((r): [Address, string[]] => [r.address, specOf(r).address.filter((a) => a !== AUTO)]))
  for (const { resource, subnet } of wishes.filter((wish) => !keep(wish, snapshot, taken, chosen))) {
    const ip = find(resource.name, subnet, taken)
    if (ip === undefined) diagnostics.push(exhausted(resource, subnet))
    else give(chosen, resource, taken, { ...ip, prefix: subnet.prefix })
  }
  for (const list of chosen.values()) list.sort()
  return { addresses: chosen, diagnostics }
}

function specOf(resource: Resource): InterfaceAttributes {
  return resource.attributes as unknown as InterfaceAttributes
}

function subnetsOf(bridge: Resource): Cidr[] {
  const cidrs = (bridge.attributes as unknown as BridgeAttributes).address.map(parseCidr).filter((c) => c !== undefined)
  const networks = new Map(cidrs.map((cidr) => [formatCidr(networkOf(cidr)), networkOf(cidr)]))
  return [...networks.values()]
}

/** The subnets in which the interface has no address written by hand. */
function unserved(resource: Resource, subnets: readonly Cidr[]): Cidr[] {
  const written = specOf(resource)
    .address.map(parseCidr)
    .filter((c) => c !== undefined)
  return subnets.filter((subnet) => !written.some((cidr) => contains(subnet, cidr)))
}

/** An address of either family as one number. */
function keyOf({ family, value }: Ip): bigint {
  return family === 4 ? value : value | (1n << 128n)
}

/** All addresses that the stack names: of bridges, interfaces, veth ends, and its gateways. */
function explicitAddresses(desired: Desired): Set<bigint> {
  const texts = desired.resources.flatMap(({ kind, attributes }) => {
    if (kind === "bridge") return (attributes as unknown as BridgeAttributes).address
    if (kind === "veth") return (attributes as unknown as VethAttributes).endpoints.flatMap((e) => e.address)
    const { address = [], gateway = [] } = kind === "interface" ? (attributes as unknown as InterfaceAttributes) : {}
    return [...address, ...gateway]
  })
  const ips = texts.map((text) => parseCidr(text) ?? parseIp(text)).filter((ip) => ip !== undefined)
  return new Set(ips.map(keyOf))
}

/** What the interface has now, if it lies in the subnet and nobody else wants it. */
function keep({ resource, subnet }: Wish, snapshot: Snapshot, taken: Set<bigint>, chosen: Map<Address, string[]>): boolean {
  const have = snapshot.resources.get(resource.address)?.attributes.address
  const cidrs = (Array.isArray(have) ? (have as string[]) : []).map(parseCidr).filter((c) => c !== undefined)
  const kept = cidrs.find((c) => c.prefix === subnet.prefix && contains(subnet, c) && isHost(subnet, c) && !taken.has(keyOf(c)))
  if (kept === undefined) return false
  give(chosen, resource, taken, kept)
  return true
}

/** Neither the network's nor the broadcast address. */
function isHost(subnet: Cidr, ip: Ip): boolean {
  const first = nthAddress(subnet, 0n).value
  return ip.value >= first && ip.value < first + hostCount(subnet)
}

function give(chosen: Map<Address, string[]>, resource: Resource, taken: Set<bigint>, cidr: Cidr): void {
  taken.add(keyOf(cidr))
  chosen.get(resource.address)?.push(formatCidr(cidr))
}

/** A slot by the hash of the name, then the next ones; undefined when all are taken. */
function find(name: string, subnet: Cidr, taken: ReadonlySet<bigint>): Ip | undefined {
  const count = hostCount(subnet)
  const first = nthAddress(subnet, 0n)
  const start = BigInt(hash32(`address/${name}`)) % count
  // More probes than addresses are taken cannot be needed.
  const probes = count < BigInt(taken.size + 1) ? count : BigInt(taken.size + 1)
  for (let probe = 0n; probe < probes; probe++) {
    const ip = { ...first, value: first.value + ((start + probe) % count) }
    if (!taken.has(keyOf(ip))) return ip
  }
  return undefined
}

function noSubnet(resource: Resource): Diagnostic {
  return at(resource, "no-subnet", `${resource.address} has \`address: auto\`, but ${specOf(resource).bridge} has no address`, {
    hint: "give the bridge an address with its prefix length, such as 10.20.0.1/24",
  })
}

function exhausted(resource: Resource, subnet: Cidr): Diagnostic {
  return at(resource, "addresses-exhausted", `no address of ${formatCidr(subnet)} is left for ${resource.address}`, {
    hint: `give ${specOf(resource).bridge} a larger subnet`,
  })
}

function at(resource: Resource, code: string, summary: string, rest: { hint: string }): Diagnostic {
  const range = resource.range("address") ?? resource.range()
  return error(code, summary, { ...rest, address: resource.address, ...(range === undefined ? {} : { range }) })
}
