import type { Cidr } from "../base/ip.ts"
import { contains, formatCidr, networkOf, overlaps, parseCidr } from "../base/ip.ts"
import type { Link } from "../kernel/kernel.ts"
import { ownerOf } from "../kinds/link/owned.ts"
import type { Scope } from "../model/driver.ts"
import type { HostFacts, SubnetFact } from "../model/resource.ts"

/** The subnet of a bridge's address. */
interface Subnet {
  address: string
  net: Cidr
}

/** Whatever else the host reaches in the subnets of the stack's bridges, or around them: by addresses of its links, and by its routes. */
export function subnetFacts(scope: Scope): Pick<HostFacts, "subnets"> {
  const bridges = scope.desired.resources.filter(({ kind }) => kind === "bridge")
  const wanted = bridges.flatMap(({ attributes }) =>
    (attributes.address as string[]).flatMap((address): Subnet[] => {
      const cidr = parseCidr(address)
      return cidr === undefined ? [] : [{ address, net: networkOf(cidr) }]
    }),
  )
  if (wanted.length === 0) return {}
  // What is adopted by this plan is the stack's, too, under the name that it has yet.
  const adopted = (scope.desired.imports ?? []).map(({ id }) => id)
  const own = new Set([...bridges.map(({ attributes }) => attributes.interface as string), ...adopted])
  const other = (index: number): Link | undefined => {
    const link = scope.linkByIndex(index)
    return link?.up === true && !own.has(link.name) && ownerOf(scope, "host", link) === undefined ? link : undefined
  }
  const subnets = [...addressesWithin(scope, wanted, other), ...routesThere(scope, wanted, other)]
  return subnets.length === 0 ? {} : { subnets }
}

type Other = (index: number) => Link | undefined

function addressesWithin(scope: Scope, wanted: readonly Subnet[], other: Other): SubnetFact[] {
  return scope.host.addresses.flatMap(({ index, address: there, scope: reach }) => {
    const link = reach === "global" ? other(index) : undefined
    const theirs = link === undefined ? undefined : parseCidr(there)
    if (link === undefined || theirs === undefined) return []
    const within = wanted.filter(({ net }) => theirs.prefix >= net.prefix && contains(net, theirs))
    return within.map(({ address }) => ({ address, there, link: link.name, alias: link.alias }))
  })
}

/** Those of the main table, but for the default ones, and those that come with the address of a link in a subnet: that is told already. */
function routesThere(scope: Scope, wanted: readonly Subnet[], other: Other): SubnetFact[] {
  const facts = scope.host.routes.flatMap(({ to, via, dev, nexthops, type }): SubnetFact[] => {
    const link = type === "unicast" ? other(nexthops?.[0]?.dev ?? dev) : undefined
    const theirs = link === undefined ? undefined : parseCidr(to)
    if (link === undefined || theirs === undefined || theirs.prefix === 0) return []
    const shared = wanted.filter(({ net }) => overlaps(net, theirs))
    const untold = shared.filter(({ net }) => theirs.prefix < net.prefix || !isConnected(scope, link, theirs))
    const route = via === undefined ? {} : { via }
    return untold.map(({ address }) => ({ address, there: formatCidr(theirs), link: link.name, alias: link.alias, route }))
  })
  return [...new Map(facts.map((fact) => [JSON.stringify(fact), fact])).values()]
}

function isConnected({ host }: Scope, { index }: Link, network: Cidr): boolean {
  return host.addresses.some((one) => {
    const cidr = one.index === index ? parseCidr(one.address) : undefined
    return cidr !== undefined && formatCidr(networkOf(cidr)) === formatCidr(network)
  })
}
