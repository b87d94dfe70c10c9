/** NF_INET_*, by number. linux/netfilter.h */
export const HOOKS: readonly string[] = ["prerouting", "input", "forward", "output", "postrouting"]
