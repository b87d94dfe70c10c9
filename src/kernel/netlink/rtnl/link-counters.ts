import type { LinkCounters } from "../../kernel.ts"
import { eachAttribute, readU32, readU64 } from "../attr.ts"
import { IFF_LOWER_UP, IFLA_STATS64 } from "../constants/if-link.ts"
import { NLM_F_DUMP, NLM_F_REQUEST } from "../constants/netlink.ts"
import { RTM_GETLINK } from "../constants/rtnetlink.ts"
import type { Message, WireWriter } from "../wire.ts"
import { LINK_HEADER, writeLinkHeader } from "./link-header.ts"
import { readLinkIndex } from "./link-read.ts"

/** `ip -s link show` */
export function encodeCounterDump(w: WireWriter, sequence: number): void {
  w.message(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, sequence, () => writeLinkHeader(w, 0))
}

/** An RTM_NEWLINK, but for what `readLink` takes out of it. */
export function readCounters(message: Message): LinkCounters | undefined {
  const { bytes, start, end } = message
  const index = readLinkIndex(message)
  const carrier = (readU32(bytes, start + 8, end) & IFF_LOWER_UP) !== 0
  let counters: LinkCounters | undefined
  eachAttribute(bytes, start + LINK_HEADER, end, (type, from, to) => {
    if (type === IFLA_STATS64) counters = { index, carrier, ...readStats(bytes, from, to) }
  })
  return counters
}

/** The start of `struct rtnl_link_stats64`: packets, bytes, errors and drops, of each what came in before what went out. linux/if_link.h */
function readStats(bytes: Buffer, from: number, to: number): Pick<LinkCounters, "rx" | "tx"> {
  const at = (place: number) => readU64(bytes, from + 8 * place, to)
  return {
    rx: { bytes: at(2), packets: at(0), errors: at(4), dropped: at(6) },
    tx: { bytes: at(3), packets: at(1), errors: at(5), dropped: at(7) },
  }
}
