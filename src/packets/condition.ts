/** Where a number is read in a packet. */
export type Place =
  /** What the packet is, as Ethernet numbers it: 0x0800 IPv4, 0x0806 ARP, 0x86dd IPv6. <linux/if_ether.h> */
  | { of: "type" }
  /** Bytes of the whole packet. */
  | { of: "length" }
  /** 1 where the kernel has taken a VLAN tag out, and the tag. */
  | { of: "tagged" }
  | { of: "tag" }
  /** So many bytes behind the beginning of the Ethernet header, of the network header, or of what an IPv4 header is followed by. */
  | { of: "link" | "network" | "behind-ip4"; offset: number; size: 1 | 2 | 4 }

/** What is asked of a packet: one number in it, or several such questions. */
export type Condition =
  | { is: "number"; at: Place; mask?: number; op: "==" | ">" | ">="; value: number }
  | { is: "all"; of: readonly Condition[] }
  | { is: "any"; of: readonly Condition[] }
  | { is: "not"; of: Condition }

export const all = (...of: readonly Condition[]): Condition => ({ is: "all", of })
export const any = (...of: readonly Condition[]): Condition => ({ is: "any", of })
export const not = (of: Condition): Condition => ({ is: "not", of })

export function equals(at: Place, value: number, mask?: number): Condition {
  return { is: "number", at, op: "==", value, ...(mask === undefined ? {} : { mask }) }
}

export function atLeast(at: Place, value: number): Condition {
  return { is: "number", at, op: ">=", value }
}

export function above(at: Place, value: number): Condition {
  return { is: "number", at, op: ">", value }
}

/** Whether it looks at an Ethernet header. */
export function needsEthernet(condition: Condition): boolean {
  if (condition.is === "number") return condition.at.of === "link"
  return condition.is === "not" ? needsEthernet(condition.of) : condition.of.some(needsEthernet)
}
