/** linux/if_addr.h */

export const IFA_ADDRESS = 1
export const IFA_LOCAL = 2
export const IFA_FLAGS = 8
export const IFA_RT_PRIORITY = 9
export const IFA_PROTO = 11

/** No duplicate address detection: the address is usable at once. */
export const IFA_F_NODAD = 0x2
/** Of IPv4: another address of the same subnet came before it on the link. */
export const IFA_F_SECONDARY = 0x1
/** The kernel makes no route to the subnet of the address. */
export const IFA_F_NOPREFIXROUTE = 0x200
