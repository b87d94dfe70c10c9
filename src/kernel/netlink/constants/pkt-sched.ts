/** linux/rtnetlink.h, linux/pkt_sched.h */

export const RTM_NEWQDISC = 36
export const RTM_DELQDISC = 37
export const RTM_GETQDISC = 38

export const TCA_KIND = 1
export const TCA_OPTIONS = 2

/** The parent of what a device itself sends through. */
export const TC_H_ROOT = 0xffffffff

export const TCA_NETEM_CORR = 1
export const TCA_NETEM_REORDER = 3
export const TCA_NETEM_CORRUPT = 4
export const TCA_NETEM_LOSS = 5
export const TCA_NETEM_RATE = 6
export const TCA_NETEM_ECN = 7
export const TCA_NETEM_RATE64 = 8
export const TCA_NETEM_LATENCY64 = 10
export const TCA_NETEM_JITTER64 = 11
export const TCA_NETEM_SLOT = 12

export const TCA_TBF_PARMS = 1
export const TCA_TBF_RATE64 = 4
export const TCA_TBF_BURST = 6

export const TC_LINKLAYER_ETHERNET = 1

/** Nanoseconds in a tick of the packet scheduler: PSCHED_SHIFT is 6. include/net/pkt_sched.h */
export const TICK_NS = 64
