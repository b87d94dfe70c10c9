import type { NetRequest } from "../../kernel.ts"
import { readU8, writeNested, writeText, writeU8 } from "../attr.ts"
import { IFLA_BRPORT_MODE } from "../constants/if-bridge.ts"
import { IFLA_INFO_SLAVE_DATA, IFLA_INFO_SLAVE_KIND, IFLA_LINKINFO } from "../constants/if-link.ts"
import { NLM_F_ACK, NLM_F_REQUEST } from "../constants/netlink.ts"
import { RTM_NEWLINK } from "../constants/rtnetlink.ts"
import type { WireWriter } from "../wire.ts"
import { aligned } from "../wire.ts"
import { writeLinkTarget } from "./link-header.ts"
import type { Resolver } from "./resolver.ts"

/** `ip link set LINK type bridge_slave hairpin on`, which only RTM_NEWLINK without NLM_F_CREATE takes. */
export function encodeHairpin(w: WireWriter, sequence: number, { link, on }: NetRequest & { op: "hairpin" }, resolver: Resolver): void {
  w.message(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, sequence, () => {
    writeLinkTarget(w, resolver.index(link))
    writeNested(w, IFLA_LINKINFO, () => {
      writeText(w, IFLA_INFO_SLAVE_KIND, "bridge")
      writeNested(w, IFLA_INFO_SLAVE_DATA, () => writeU8(w, IFLA_BRPORT_MODE, on ? 1 : 0))
    })
  })
}

/** What a port says of it: one of the first of its many attributes, which are not gone through for it. br_port_fill_attrs in net/bridge */
export function readHairpin(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at + 4 <= end; ) {
    const length = bytes.readUInt16LE(at)
    if (bytes.readUInt16LE(at + 2) === IFLA_BRPORT_MODE) return readU8(bytes, at + 4, at + length) !== 0
    if (length < 4) return false
    at += aligned(length)
  }
  return false
}
