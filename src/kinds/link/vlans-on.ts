import type { Link, NetRequest } from "../../kernel/kernel.ts"

/**
 * What a link that has been down gets back when it is up again, `lostOf` each that was up or down with it: its own, and that of VLANs on it, of which the
 * kernel has those up, too, that were down. vlan_device_event() in net/8021q/vlan.c
 */
export function givenBack(lower: number, links: readonly Link[], lostOf: (link: number) => NetRequest[]): NetRequest[] {
  const vlans = vlansOn(lower, links).flatMap(({ index: link, up }): NetRequest[] => [
    ...(up ? [] : [{ op: "link-set", link, up } as const]),
    ...lostOf(link),
  ])
  return [...lostOf(lower), ...vlans]
}

/** The VLANs on a link of their namespace, and those on these. */
function vlansOn(lower: number, links: readonly Link[]): Link[] {
  const own = links.filter(({ kind, parent, parentBeside }) => kind === "vlan" && parentBeside && parent === lower)
  return own.flatMap((vlan) => [vlan, ...vlansOn(vlan.index, links)])
}
