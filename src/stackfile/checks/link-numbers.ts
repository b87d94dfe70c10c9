import type { OneEndedAttributes } from "../../kinds/interface/spec.ts"
import { isOfContainer } from "../../kinds/interface/spec-link-kinds.ts"
import type { Draft, DraftInterface } from "../resolve.ts"
import { clashFinder } from "./clashes.ts"

type LinkAttributes = OneEndedAttributes["link"]

/**
 * Links that the kernel tells apart by their numbers alone, in the network namespace that their packets pass: vlans of one parent, vxlans of
 * the host or of a container, and tunnels of a container. It refuses the second one. vlan_check_real_dev(), vxlan_vni_in_use(), ip_tunnel_newlink()
 */
export function checkLinkNumbers({ interfaces }: Draft): void {
  const clash = clashFinder({
    code: "link-clash",
    what: (which) => which,
    hint: "give one of the two another number, or have one interface carry both",
    replicasHint: "a container without `replicas` can have it: each of these would need a number of its own",
  })
  for (const one of interfaces) {
    const which = numberOf(one)
    if (which === undefined || one.attributes.link === undefined) continue
    const path = [one.attributes.link.kind, ...(one.attributes.link.id === undefined ? [] : ["id"])]
    clash(which, { who: one.entry.address, entry: one.entry, source: one.source, path })
  }
}

/** In words, what no other may be. */
function numberOf({ attributes: { link, container } }: DraftInterface): string | undefined {
  switch (link?.kind) {
    case "vlan":
      return `VLAN ${link.id} of ${link.link === undefined ? link.parent : `${link.link} of ${container}`}`
    case "vxlan":
      return `number ${link.id} of a vxlan on UDP port ${link.port} of ${isOfContainer(link) ? container : "the host"}`
    case "gre":
    case "gretap":
    case "ip6gre":
    case "ip6gretap":
      return `${link.kind} ${ends(link)} of ${container}`
    default:
      return undefined
  }
}

function ends({ remote, local, key }: LinkAttributes): string {
  return [`to ${remote}`, ...(local === undefined ? [] : [`from ${local}`]), ...(key === undefined ? [] : [`with key ${key}`])].join(" ")
}
