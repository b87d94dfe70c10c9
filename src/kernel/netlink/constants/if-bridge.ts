/** linux/if_link.h, linux/if_bridge.h: what IFLA_INFO_DATA of a bridge, and IFLA_INFO_SLAVE_DATA of a port of one, hold. */

/** Hundredths of a second (USER_HZ), as the other times. */
export const IFLA_BR_FORWARD_DELAY = 1
export const IFLA_BR_HELLO_TIME = 2
export const IFLA_BR_MAX_AGE = 3
export const IFLA_BR_AGEING_TIME = 4
export const IFLA_BR_STP_STATE = 5
export const IFLA_BR_PRIORITY = 6
export const IFLA_BR_VLAN_FILTERING = 7
export const IFLA_BR_VLAN_PROTOCOL = 8
export const IFLA_BR_GROUP_FWD_MASK = 9
export const IFLA_BR_ROOT_ID = 10
export const IFLA_BR_BRIDGE_ID = 11
export const IFLA_BR_TOPOLOGY_CHANGE = 14
export const IFLA_BR_MCAST_SNOOPING = 23
export const IFLA_BR_MCAST_QUERIER = 25
export const IFLA_BR_VLAN_DEFAULT_PVID = 39

export const IFLA_BRPORT_STATE = 1
export const IFLA_BRPORT_PRIORITY = 2
export const IFLA_BRPORT_COST = 3
/** Hairpin. */
export const IFLA_BRPORT_MODE = 4
export const IFLA_BRPORT_GUARD = 5
/** Root block. */
export const IFLA_BRPORT_PROTECT = 6
export const IFLA_BRPORT_FAST_LEAVE = 7
export const IFLA_BRPORT_LEARNING = 8
export const IFLA_BRPORT_UNICAST_FLOOD = 9
/** A u64: how long it is until a port that listens or learns does more; 0: it stays so. */
export const IFLA_BRPORT_FORWARD_DELAY_TIMER = 22
export const IFLA_BRPORT_MCAST_FLOOD = 27
export const IFLA_BRPORT_BCAST_FLOOD = 30
export const IFLA_BRPORT_NEIGH_SUPPRESS = 32
export const IFLA_BRPORT_ISOLATED = 33

/** In IFLA_AF_SPEC of a message of the family AF_BRIDGE: `struct bridge_vlan_info { __u16 flags; __u16 vid; }`. */
export const IFLA_BRIDGE_VLAN_INFO = 2
export const BRIDGE_VLAN_INFO_PVID = 2
export const BRIDGE_VLAN_INFO_UNTAGGED = 4
export const BRIDGE_VLAN_INFO_RANGE_BEGIN = 8
export const BRIDGE_VLAN_INFO_RANGE_END = 16
