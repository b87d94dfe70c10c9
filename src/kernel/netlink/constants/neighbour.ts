/** linux/neighbour.h */

export const NDA_DST = 1
export const NDA_LLADDR = 2
/** Big-endian. */
export const NDA_PORT = 6
export const NDA_VNI = 7
export const NDA_PROTOCOL = 12

export const NUD_PERMANENT = 0x80
export const NUD_NOARP = 0x40
/** In the link's own table, not in that of the bridge it is a port of. */
export const NTF_SELF = 0x02
export const NTF_PROXY = 0x08
/** By a routing daemon (EVPN). */
export const NTF_EXT_LEARNED = 0x10
