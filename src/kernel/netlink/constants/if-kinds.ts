/** linux/if_link.h: what IFLA_INFO_DATA of each kind of link holds. */

export const IFLA_MACVLAN_MODE = 1

export const IFLA_IPVLAN_MODE = 1

export const IFLA_VLAN_ID = 1

export const IFLA_VXLAN_ID = 1
/** Where to: one other end, or a multicast group. */
export const IFLA_VXLAN_GROUP = 2
export const IFLA_VXLAN_LINK = 3
export const IFLA_VXLAN_LOCAL = 4
/** Big-endian. */
export const IFLA_VXLAN_PORT = 15
