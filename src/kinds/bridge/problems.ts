import type { Diagnostic } from "../../base/diagnostic.ts"
import { error } from "../../base/diagnostic.ts"
import type { HostFacts, Resource } from "../../model/resource.ts"

/** What `stack-doctor` is asked to try: `link:bridge-vlans`. */
export const VLAN_FILTERING = "bridge-vlans"

/** A kernel whose bridges look at no VLAN tags says so before anything is done. */
export function bridgeProblems(resource: Resource, { links }: HostFacts): Diagnostic[] {
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
