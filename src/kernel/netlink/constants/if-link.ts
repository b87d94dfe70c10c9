/** linux/if_link.h, linux/if.h, linux/veth.h */

export const IFLA_ADDRESS = 1
export const IFLA_IFNAME = 3
export const IFLA_MTU = 4
export const IFLA_LINK = 5
export const IFLA_QDISC = 6
export const IFLA_MASTER = 10
export const IFLA_PROTINFO = 12
export const IFLA_OPERSTATE = 16
export const IFLA_LINKINFO = 18
export const IFLA_IFALIAS = 20
export const IFLA_STATS64 = 23
export const IFLA_AF_SPEC = 26
export const IFLA_GROUP = 27
export const IFLA_NET_NS_FD = 28
export const IFLA_EXT_MASK = 29
export const IFLA_LINK_NETNSID = 37
/** A list of IFLA_ALT_IFNAME. */
export const IFLA_PROP_LIST = 52
export const IFLA_ALT_IFNAME = 53

export const IFLA_INFO_KIND = 1
export const IFLA_INFO_DATA = 2
export const IFLA_INFO_SLAVE_KIND = 4
export const IFLA_INFO_SLAVE_DATA = 5

export const VETH_INFO_PEER = 1

export const IFF_UP = 1
export const IFF_LOWER_UP = 0x10000

/** IF_OPER_*, as `ip link` calls them, in lower case. RFC 2863 */
export const OPER_STATES: readonly string[] = ["unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up"]

/** Of IPv6, within IFLA_AF_SPEC: all parameters of net.ipv6.conf.LINK, a number each. linux/if_link.h, linux/ipv6.h */
export const IFLA_INET6_CONF = 2
export const DEVCONF_ACCEPT_RA = 3
