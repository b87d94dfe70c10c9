/** linux/rtnetlink.h, linux/socket.h */

export const AF_UNSPEC = 0
export const AF_INET = 2
export const AF_BRIDGE = 7
export const AF_INET6 = 10

export const RTM_NEWLINK = 16
export const RTM_DELLINK = 17
export const RTM_GETLINK = 18
export const RTM_SETLINK = 19
export const RTM_NEWADDR = 20
export const RTM_DELADDR = 21
export const RTM_GETADDR = 22
export const RTM_NEWROUTE = 24
export const RTM_DELROUTE = 25
export const RTM_GETROUTE = 26
export const RTM_NEWNEIGH = 28
export const RTM_DELNEIGH = 29
export const RTM_GETNEIGH = 30
export const RTM_NEWRULE = 32
export const RTM_DELRULE = 33
export const RTM_GETRULE = 34
export const RTM_NEWLINKPROP = 108
export const RTM_DELLINKPROP = 109

export const RTA_DST = 1
export const RTA_OIF = 4
export const RTA_GATEWAY = 5
export const RTA_PRIORITY = 6
export const RTA_PREFSRC = 7
export const RTA_METRICS = 8
export const RTA_MULTIPATH = 9
export const RTA_TABLE = 15
export const RTA_VIA = 18

export const RTAX_MTU = 2
export const RTAX_ADVMSS = 8

/** In the flags of a route or of a next hop. */
export const RTNH_F_ONLINK = 4

/** The number stands in an attribute. */
export const RT_TABLE_UNSPEC = 0
export const RT_TABLE_MAIN = 254

export const RT_SCOPE_UNIVERSE = 0
export const RT_SCOPE_SITE = 200
export const RT_SCOPE_LINK = 253
export const RT_SCOPE_HOST = 254
export const RT_SCOPE_NOWHERE = 255

export const RTN_UNICAST = 1

/** RTN_*, as `ip route` calls them. */
export const ROUTE_TYPES: readonly string[] = [
  "unspec",
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
  "prohibit",
  "throw",
  "nat",
  "xresolve",
]

/** Of IFLA_EXT_MASK: VLANs of ports are told, ranges by their ends. */
export const RTEXT_FILTER_BRVLAN_COMPRESSED = 4
/** RTEXT_FILTER_SKIP_STATS of IFLA_EXT_MASK: no counters in the answer. */
export const RTEXT_FILTER_SKIP_STATS = 8
