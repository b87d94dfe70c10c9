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

/** linux/if_tunnel.h: of gre and ip6gre alike. Flags and keys stand apart for what comes in (I) and what goes out (O), big-endian. */
export const IFLA_GRE_IFLAGS = 2
export const IFLA_GRE_OFLAGS = 3
export const IFLA_GRE_IKEY = 4
export const IFLA_GRE_OKEY = 5
export const IFLA_GRE_LOCAL = 6
export const IFLA_GRE_REMOTE = 7
export const IFLA_GRE_TTL = 8
/** There is a key. */
export const GRE_KEY = 0x2000

export const IFLA_VRF_TABLE = 1

export const IFLA_BOND_MODE = 1
export const IFLA_BOND_MIIMON = 3
/** In IFLA_INFO_SLAVE_DATA. */
export const IFLA_BOND_SLAVE_PERM_HWADDR = 4

/** Of tun and tap devices, which rtnetlink tells of and does not make. */
export const IFLA_TUN_OWNER = 1
export const IFLA_TUN_GROUP = 2
export const IFLA_TUN_TYPE = 3
export const IFLA_TUN_PERSIST = 6
export const IFLA_TUN_MULTI_QUEUE = 7
