/** linux/genetlink.h */
export const GENL_ID_CTRL = 0x10
export const CTRL_CMD_GETFAMILY = 3
export const CTRL_ATTR_FAMILY_ID = 1
export const CTRL_ATTR_FAMILY_NAME = 2

/** linux/wireguard.h */
export const WG_CMD_GET_DEVICE = 0
export const WG_CMD_SET_DEVICE = 1

export const WGDEVICE_A_IFINDEX = 1
export const WGDEVICE_A_IFNAME = 2
export const WGDEVICE_A_PRIVATE_KEY = 3
/** In the host's order of bytes, as are all numbers but those in an endpoint. */
export const WGDEVICE_A_LISTEN_PORT = 6
export const WGDEVICE_A_PEERS = 8

export const WGPEER_A_PUBLIC_KEY = 1
export const WGPEER_A_PRESHARED_KEY = 2
export const WGPEER_A_FLAGS = 3
/** struct sockaddr_in or sockaddr_in6 */
export const WGPEER_A_ENDPOINT = 4
export const WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL = 5
export const WGPEER_A_ALLOWEDIPS = 9

export const WGPEER_F_REMOVE_ME = 1
export const WGPEER_F_REPLACE_ALLOWEDIPS = 2

export const WGALLOWEDIP_A_FAMILY = 1
export const WGALLOWEDIP_A_IPADDR = 2
export const WGALLOWEDIP_A_CIDR_MASK = 3
