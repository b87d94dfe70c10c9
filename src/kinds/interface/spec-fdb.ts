import { NO_MAC } from "../../base/mac.ts"

/** An entry of a vxlan's forwarding database: frames to `mac` go to the host at `to`. bridge(8) */
export interface FdbSpec {
  /** Absent: those to all, and to who is nowhere to be found. */
  mac?: string
  /** An IPv4 address. */
  to: string
  /** UDP port; absent: the vxlan's own. */
  port?: number
  /** Number of the network; absent: the vxlan's own. */
  vni?: number
}

export function fdbKey({ mac, to, port, vni }: FdbSpec): string {
  return `${mac ?? NO_MAC} ${to} ${port ?? ""} ${vni ?? ""}`
}

/** One order of the same entries, whoever lists them. */
export function inFdbOrder(entries: readonly FdbSpec[]): FdbSpec[] {
  return [...entries].sort((a, b) => (fdbKey(a) < fdbKey(b) ? -1 : 1))
}
