import { contains, formatCidr, networkOf, parseCidr } from "../../../src/base/ip.ts"
import type { Route } from "../../../src/kernel/kernel.ts"
import type { Refuse } from "./links.ts"
import type { NetAddress, NetLink } from "./network.ts"
import { hasCarrier } from "./network.ts"

/** IFAPROT_*, RTPROT_KERNEL */
const KERNEL = 2
const LOOPBACK = 1
const MAIN_TABLE = 254
const IPV6_KERNEL_METRIC = 256

function isIp6(address: string): boolean {
  return address.includes(":")
}

export function addAddress(link: NetLink, address: string, refuse: Refuse): void {
  const cidr = parseCidr(address)
  if (cidr === undefined) refuse("EINVAL")
  const canonical = formatCidr(cidr)
  if (link.addresses.some((a) => sameAddress(a.address, canonical))) refuse("EEXIST", "address already assigned")
  link.addresses.push({ address: canonical, scope: "global", protocol: 0 })
  connect(link)
}

/** IPv6 knows an address once on a link, IPv4 once for each length of the prefix. */
function sameAddress(a: string, b: string): boolean {
  return isIp6(a) ? a.split("/")[0] === b.split("/")[0] : a === b
}

/** The others of its subnet stay, as the port has it (promote_secondaries). With the last IPv4 address of a link go its IPv4 routes. */
export function deleteAddress(link: NetLink, address: string, refuse: Refuse): void {
  const at = link.addresses.findIndex((a) => a.address === address)
  if (at < 0) refuse("EADDRNOTAVAIL", "address not found")
  const subnet = subnetOf(address)
  link.addresses.splice(at, 1)
  const stillThere = link.addresses.some((a) => subnetOf(a.address) === subnet)
  const noneLeft = !isIp6(address) && !link.addresses.some((a) => !isIp6(a.address))
  link.network.routes = link.network.routes.filter((r) => {
    if (r.dev !== link.index || isIp6(r.to) !== isIp6(address)) return true
    return !noneLeft && (stillThere || r.protocol !== KERNEL || r.to !== subnet)
  })
}

function subnetOf(address: string): string {
  const cidr = parseCidr(address)
  return cidr === undefined ? "" : formatCidr(networkOf(cidr))
}

/** Routes to the subnets of a link's addresses: there while the link is up. */
function connect(link: NetLink): void {
  if (!link.up) return
  for (const { address } of link.addresses) {
    const route = connectedRoute(link, address)
    if (route !== undefined && !link.network.routes.some((r) => r.to === route.to && r.dev === link.index && r.protocol === KERNEL))
      link.network.routes.push(route)
  }
}

/** No route to a single IPv4 address, none for loopback: those are the local table's. */
function connectedRoute(link: NetLink, address: string): Route | undefined {
  if (link.kind === "" && link.name === "lo" && /^(127\.|::1\/)/.test(address)) return undefined
  if (address.endsWith("/32") && !isIp6(address)) return undefined
  const metric = isIp6(address) ? IPV6_KERNEL_METRIC : 0
  return { to: subnetOf(address), dev: link.index, metric, protocol: KERNEL, table: MAIN_TABLE, type: "unicast" }
}

/** 127.0.0.1 and ::1 come to lo when it goes up. */
export function addLoopback(link: NetLink): void {
  if (link.name !== "lo") return
  for (const address of ["127.0.0.1/8", "::1/128"])
    if (!link.addresses.some((a) => a.address === address)) link.addresses.push({ address, scope: "host", protocol: LOOPBACK })
}

/** A link that goes down loses its routes, its IPv6 addresses and its neighbours; a route by several links is there as long as one is up. */
export function linkDown(link: NetLink): void {
  const { network } = link
  const isUp = ({ dev }: { dev: number }) => dev !== link.index && network.links.get(dev)?.up === true
  network.routes = network.routes.filter((r) => (r.nexthops === undefined ? r.dev !== link.index : r.nexthops.some(isUp)))
  network.neighbours = network.neighbours.filter((one) => one.dev !== link.index)
  link.addresses = link.addresses.filter((a) => !isIp6(a.address))
}

/** A link that can carry frames has its connected routes and an IPv6 address of its own making. */
export function carrierChanged(link: NetLink): void {
  connect(link)
  if (!hasCarrier(link) || link.kind === "" || link.addresses.some((a) => a.scope === "link")) return
  // A bridge's port has no use for one, but the kernel gives it one all the same.
  const own: NetAddress = { address: linkLocal(link.mac), scope: "link", protocol: 3 }
  link.addresses.push(own)
  connect(link)
}

/** fe80::/64 and the mac's modified EUI-64. RFC 4291, appendix A */
function linkLocal(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(":").map((byte) => Number.parseInt(byte, 16))
  const groups = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f].map((group) => group.toString(16))
  const cidr = parseCidr(`fe80::${groups.join(":")}/64`)
  return cidr === undefined ? "" : formatCidr(cidr)
}

/** The link that reaches a gateway: one that is up and whose subnets hold it. */
export function linkToward(links: Iterable<NetLink>, gateway: string): NetLink | undefined {
  const ip = parseCidr(`${gateway}/${isIp6(gateway) ? 128 : 32}`)
  if (ip === undefined) return undefined
  for (const link of links) {
    if (!link.up) continue
    const nets = [...link.addresses.map((a) => a.address), ...onLinkRoutes(link)].map((text) => parseCidr(text))
    if (nets.some((net) => net !== undefined && contains(net, ip))) return link
  }
  return undefined
}

function onLinkRoutes(link: NetLink): string[] {
  return link.network.routes.filter((r) => r.dev === link.index && r.via === undefined).map((r) => r.to)
}
