import type { Diagnostic } from "../../base/diagnostic.ts"
import { error, warning } from "../../base/diagnostic.ts"
import type { HostFacts, Resource, SubnetFact } from "../../model/resource.ts"

/** What `stack-doctor` is asked to try: `link:bridge-vlans`. */
export const VLAN_FILTERING = "bridge-vlans"

/** What of this host is in the way of a bridge, before anything is done. */
export function bridgeProblems(resource: Resource, host: HostFacts): Diagnostic[] {
  return [...unfiltered(resource, host), ...sharedSubnets(resource, host)]
}

/** The host sends to one of the two only: that is no reason to do nothing, as it may be so for a while, or be meant. */
function sharedSubnets(resource: Resource, { subnets = [] }: HostFacts): Diagnostic[] {
  const addresses = resource.attributes.address as readonly string[]
  return subnets.flatMap((fact) => {
    const place = addresses.indexOf(fact.address)
    if (place < 0) return []
    const range = resource.range(`address.${place}`) ?? resource.range("address") ?? resource.range()
    return [
      warning("subnet-taken", sharing(resource, fact), {
        address: resource.address,
        ...(isAround(fact) ? AROUND : SHARED),
        ...(range === undefined ? {} : { range }),
      }),
    ]
  })
}

const SHARED = {
  detail: "what the host sends to an address of both goes to one of them, whoever it is for",
  hint: "give the bridge a subnet that `ip address` and `ip route` show nowhere",
}
const AROUND = {
  detail: "what the host sends to an address of both goes to the bridge: whoever else has such an address is out of its reach",
  hint: "give the bridge a subnet that is in none that `ip route` shows, unless nobody there has an address of it",
}

function isAround({ address, there, route }: SubnetFact): boolean {
  return route !== undefined && Number(there.split("/")[1]) < Number(address.split("/")[1])
}

function sharing({ address: bridge }: Resource, fact: SubnetFact): string {
  const { address, there, route, alias } = fact
  const link = `link ${fact.link}${alias === "" ? "" : ` (${alias})`}${route?.via === undefined ? "" : ` (via ${route.via})`}`
  if (route === undefined) return `${link} has ${there}, in the subnet of ${bridge}, ${address}`
  if (isAround(fact)) return `the subnet of ${bridge}, ${address}, lies in ${there}, which the host reaches by ${link}`
  return `the host reaches ${there}, in the subnet of ${bridge}, ${address}, by ${link}`
}

/** A kernel whose bridges look at no VLAN tags says so. */
function unfiltered(resource: Resource, { links }: HostFacts): Diagnostic[] {
  const why = resource.attributes.vlan_filtering === true ? links?.lacking[VLAN_FILTERING] : undefined
  if (why === undefined) return []
  const range = resource.range("vlan_filtering") ?? resource.range()
  return [
    error("no-vlan-filtering", `this kernel's bridges filter no VLANs (${why})`, {
      address: resource.address,
      hint: "it takes a kernel with CONFIG_BRIDGE_VLAN_FILTERING; `stack doctor` tells what there is",
      ...(range === undefined ? {} : { range }),
    }),
  ]
}
