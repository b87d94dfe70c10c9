import type { Link } from "../../kernel/kernel.ts"

/** The VLANs on a link of their namespace, and those on these: they go down and up with it. vlan_device_event() in net/8021q/vlan.c */
export function vlansOn(lower: number, links: readonly Link[]): Link[] {
  const own = links.filter(({ kind, parent, parentBeside }) => kind === "vlan" && parentBeside && parent === lower)
  return own.flatMap((vlan) => [vlan, ...vlansOn(vlan.index, links)])
}
