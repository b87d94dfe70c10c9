import { contains, networkOf, parseCidr } from "../base/ip.ts"
import type { Link } from "../kernel/kernel.ts"
import { ownerOf } from "../kinds/link/owned.ts"
import type { Scope } from "../model/driver.ts"
import type { HostFacts } from "../model/resource.ts"

/** Of the subnets of the stack's bridges those in which, or in a part of which, links of the host are that are not the stack's. */
export function subnetFacts(scope: Scope): Pick<HostFacts, "subnets"> {
  const bridges = scope.desired.resources.filter(({ kind }) => kind === "bridge")
  const wanted = bridges.flatMap(({ attributes }) =>
    (attributes.address as string[]).flatMap((address) => {
      const cidr = parseCidr(address)
      return cidr === undefined ? [] : [{ address, net: networkOf(cidr) }]
    }),
  )
  if (wanted.length === 0) return {}
  // What is adopted by this plan is the stack's, too, under the name that it has yet.
  const adopted = (scope.desired.imports ?? []).map(({ id }) => id)
  const own = new Set([...bridges.map(({ attributes }) => attributes.interface as string), ...adopted])
  const isOther = (link: Link | undefined): link is Link =>
    link?.up === true && !own.has(link.name) && ownerOf(scope, "host", link) === undefined
  const subnets = scope.host.addresses.flatMap(({ index, address: there, scope: reach }) => {
    const theirs = reach === "global" ? parseCidr(there) : undefined
    const within = theirs === undefined ? [] : wanted.filter(({ net }) => theirs.prefix >= net.prefix && contains(net, theirs))
    const link = within.length === 0 ? undefined : scope.linkByIndex(index)
    return isOther(link) ? within.map(({ address }) => ({ address, there, link: link.name, alias: link.alias })) : []
  })
  return subnets.length === 0 ? {} : { subnets }
}
