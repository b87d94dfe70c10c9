/** linux/if_addr.h */

export const IFA_ADDRESS = 1
export const IFA_LOCAL = 2
export const IFA_PROTO = 11

/** No duplicate address detection: the address is usable at once. */
export const IFA_F_NODAD = 0x2
