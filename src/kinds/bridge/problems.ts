import type { Diagnostic } from "../../base/diagnostic.ts"
import { error, warning } from "../../base/diagnostic.ts"
import type { HostFacts, Resource } from "../../model/resource.ts"

/** What `stack-doctor` is asked to try: `link:bridge-vlans`. */
export const VLAN_FILTERING = "bridge-vlans"

/** What of this host is in the way of a bridge, before anything is done. */
export function bridgeProblems(resource: Resource, host: HostFacts): Diagnostic[] {
  return [...unfiltered(resource, host), ...sharedSubnets(resource, host)]
}

/** The host sends to one of the two only: that is no reason to do nothing, as it may be so for a while, or be meant. */
function sharedSubnets(resource: Resource, { subnets = [] }: HostFacts): Diagnostic[] {
  const addresses = resource.attributes.address as readonly string[]
  return subnets.flatMap(({ address, there, link, alias }) => {
    const place = addresses.indexOf(address)
    if (place < 0) return []
    const range = resource.range(`address.${place}`) ?? resource.range("address") ?? resource.range()
    const whose = alias === "" ? "" : ` (${alias})`
    return [
      warning("subnet-taken", `link ${link}${whose} has ${there}, in the subnet of ${resource.address}, ${address}`, {
        address: resource.address,
        detail: "what the host sends to an address of both goes to one of them, whoever it is for",
        hint: "give the bridge a subnet that `ip address` shows nowhere",
        ...(range === undefined ? {} : { range }),
      }),
    ]
  })
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
