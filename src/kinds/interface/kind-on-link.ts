import type { Address } from "../../base/address.ts"
import type { Change } from "../../model/change.ts"
import type { Attributes, Value } from "../../model/resource.ts"
import type { VethAttributes } from "../veth/spec.ts"
import type { LinkAttributes, OneEndedAttributes } from "./spec.ts"

/** Of a bridge or an interface that is to be called otherwise a link lies on none the less. The ends of a pair are told apart by their names. */
export function onSameLower(desired: Attributes, observed: Attributes): Attributes {
  const [want, have] = [desired.link, observed.link] as [LinkAttributes | undefined, LinkAttributes | undefined]
  const lower = desired.parent as Address | undefined
  if (lower === undefined || lower.startsWith("veth.") || lower !== observed.parent) return observed
  const key = want?.link === undefined ? "parent" : "link"
  if (want?.[key] === undefined || have?.[key] === undefined) return observed
  return { ...observed, link: { ...have, [key]: want[key] } as unknown as Value }
}

/**
 * What a change of the container's link on which this one lies undoes: the kernel has a VLAN up whenever that goes up, and gives an ipvlan its mtu.
 * vlan_device_event(), ipvlan_device_event()
 */
export function undoneByLower({ after }: Change, lower: Change): string[] {
  const { link, parent, container, up, mtu } = (after ?? {}) as unknown as Partial<OneEndedAttributes>
  if (link?.link === undefined || parent !== lower.address) return []
  const own = lower.kind === "veth" ? `endpoints.${endOf(lower.after, container, link.link)}.up` : "up"
  const goesUp = lower.fields.some(({ path, after: wanted }) => path === own && wanted === true)
  const getsMtu = lower.fields.some(({ path }) => path === "mtu")
  return [
    ...(link.kind === "vlan" && up === false && goesUp ? ["up"] : []),
    ...(link.kind === "ipvlan" && mtu !== undefined && getsMtu ? ["mtu"] : []),
  ]
}

function endOf(pair: Attributes | null, container: Address | undefined, name: string): number {
  const { endpoints = [] } = (pair ?? {}) as unknown as Partial<VethAttributes>
  return endpoints.findIndex((end) => end.container === container && end.interface === name)
}
