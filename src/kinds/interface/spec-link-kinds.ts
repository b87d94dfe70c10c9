export type LinkKindName = "macvlan" | "ipvlan" | "vlan" | "vxlan" | "dummy"

/** The kinds of links with one end, and what of the kernel each takes where it is not built in: its module, its option. */
export const LINK_KINDS: { readonly [K in LinkKindName]: { module: string; option: string } } = {
  macvlan: { module: "macvlan", option: "CONFIG_MACVLAN" },
  ipvlan: { module: "ipvlan", option: "CONFIG_IPVLAN" },
  vlan: { module: "8021q", option: "CONFIG_VLAN_8021Q" },
  vxlan: { module: "vxlan", option: "CONFIG_VXLAN" },
  dummy: { module: "dummy", option: "CONFIG_DUMMY" },
}

export const MACVLAN_MODES = ["bridge", "private", "vepa", "passthru"]
export const IPVLAN_MODES = ["l2", "l3", "l3s"]
/** IANA's UDP port of vxlan. RFC 7348, 5 */
export const VXLAN_PORT = 4789
