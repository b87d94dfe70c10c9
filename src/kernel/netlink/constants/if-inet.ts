/** linux/if_link.h, linux/ip.h: settings of one protocol family on a link. */

export const IFLA_AF_SPEC = 26
export const IFLA_INET_CONF = 1
/** net.ipv4.conf.LINK.promote_secondaries */
export const IPV4_DEVCONF_PROMOTE_SECONDARIES = 20
