import type { Ends, Flow } from "../../flows.ts"
import type { RuleFamily } from "../../packet-rules.ts"
import { eachAttribute, writeRaw, writeU8, writeU32 } from "../attr.ts"
import * as ct from "../constants/conntrack.ts"
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST } from "../constants/netlink.ts"
import { AF_INET, AF_INET6 } from "../constants/rtnetlink.ts"
import { writeHeader } from "../nft/change.ts"
import { readBe32, writeBe32, writeNest } from "../nft/fields.ts"
import { ipBytes, ipOf, readIp } from "../rtnl/ip-bytes.ts"
import type { Message, WireWriter } from "../wire.ts"
import { WireError } from "../wire.ts"

/** Size of `struct nfgenmsg`. */
const HEADER = 4
const NUMBERS: { readonly [F in RuleFamily]: number } = { ip: AF_INET, ip6: AF_INET6 }
const type = (message: number) => (ct.NFNL_SUBSYS_CTNETLINK << 8) | message

/** NLM_F_ACK asks for nothing more of a dump: it says to who waits that an answer comes. */
const DUMP = NLM_F_REQUEST | NLM_F_DUMP | NLM_F_ACK

/** `conntrack -L -f FAMILY -p udp`; kernels before 5.8 know no filter, and tell of all protocols. */
export function encodeFlowDump(w: WireWriter, sequence: number, family: RuleFamily): void {
  w.message(type(ct.IPCTNL_MSG_CT_GET), DUMP, sequence, () => {
    writeHeader(w, NUMBERS[family])
    writeNest(w, ct.CTA_TUPLE_ORIG, () => writeNest(w, ct.CTA_TUPLE_PROTO, () => writeU8(w, ct.CTA_PROTO_NUM, ct.IPPROTO_UDP)))
    writeNest(w, ct.CTA_FILTER, () => {
      writeU32(w, ct.CTA_FILTER_ORIG_FLAGS, ct.FILTER_BY_PROTOCOL)
      writeU32(w, ct.CTA_FILTER_REPLY_FLAGS, 0)
    })
  })
}

/** `conntrack -D …` of this one and no later one. */
export function encodeFlowDelete(w: WireWriter, sequence: number, { family, id, sent }: Flow): void {
  const six = family === "ip6"
  const address = (text: string) => ipBytes(ipOf(text, six ? 6 : 4))
  w.message(type(ct.IPCTNL_MSG_CT_DELETE), NLM_F_REQUEST | NLM_F_ACK, sequence, () => {
    writeHeader(w, NUMBERS[family])
    writeNest(w, ct.CTA_TUPLE_ORIG, () => {
      writeNest(w, ct.CTA_TUPLE_IP, () => {
        writeRaw(w, six ? ct.CTA_IP_V6_SRC : ct.CTA_IP_V4_SRC, address(sent.from))
        writeRaw(w, six ? ct.CTA_IP_V6_DST : ct.CTA_IP_V4_DST, address(sent.to))
      })
      writeNest(w, ct.CTA_TUPLE_PROTO, () => {
        writeU8(w, ct.CTA_PROTO_NUM, ct.IPPROTO_UDP)
        writePort(w, ct.CTA_PROTO_SRC_PORT, sent.fromPort)
        writePort(w, ct.CTA_PROTO_DST_PORT, sent.toPort)
      })
    })
    writeBe32(w, ct.CTA_ID, id)
  })
}

function writePort(w: WireWriter, attribute: number, port: number): void {
  writeRaw(w, attribute, Uint8Array.of(port >> 8, port & 0xff))
}

/** One of a dump; undefined of other protocols and families, and of zones: their packets are not the host's own affair. */
export function readFlow({ type: sort, bytes, start, end }: Message): Flow | undefined {
  if (sort !== type(ct.IPCTNL_MSG_CT_NEW)) return undefined
  if (end - start < HEADER) throw new WireError("a message of nf_conntrack without its header")
  const family = (Object.keys(NUMBERS) as RuleFamily[]).find((one) => NUMBERS[one] === bytes[start])
  if (family === undefined) return undefined
  let [id, zoned] = [0, false]
  const tuples: { sent?: Ends; answered?: Ends } = {}
  eachAttribute(bytes, start + HEADER, end, (field, from, to) => {
    if (field === ct.CTA_TUPLE_ORIG) Object.assign(tuples, told("sent", readEnds(bytes, from, to, family)))
    else if (field === ct.CTA_TUPLE_REPLY) Object.assign(tuples, told("answered", readEnds(bytes, from, to, family)))
    else if (field === ct.CTA_ID) id = readBe32(bytes, from, to)
    else if (field === ct.CTA_ZONE) zoned = true
  })
  const { sent, answered } = tuples
  return sent === undefined || answered === undefined || zoned ? undefined : { family, id, sent, answered }
}

function told(key: "sent" | "answered", ends: Ends | undefined): { sent?: Ends; answered?: Ends } {
  return ends === undefined ? {} : { [key]: ends }
}

/** Undefined of another protocol than UDP. */
function readEnds(bytes: Buffer, start: number, end: number, family: RuleFamily): Ends | undefined {
  const ends: Ends = { from: "", fromPort: 0, to: "", toPort: 0 }
  const [source, destination] = family === "ip6" ? [ct.CTA_IP_V6_SRC, ct.CTA_IP_V6_DST] : [ct.CTA_IP_V4_SRC, ct.CTA_IP_V4_DST]
  let protocol = 0
  eachAttribute(bytes, start, end, (part, first, last) => {
    eachAttribute(bytes, first, last, (field, from, to) => {
      if (part === ct.CTA_TUPLE_IP && field === source) ends.from = readIp(bytes, from, to, NUMBERS[family])
      else if (part === ct.CTA_TUPLE_IP && field === destination) ends.to = readIp(bytes, from, to, NUMBERS[family])
      else if (part !== ct.CTA_TUPLE_PROTO) return
      else if (field === ct.CTA_PROTO_NUM) protocol = bytes[from] ?? 0
      else if (field === ct.CTA_PROTO_SRC_PORT) ends.fromPort = readPort(bytes, from, to)
      else if (field === ct.CTA_PROTO_DST_PORT) ends.toPort = readPort(bytes, from, to)
    })
  })
  return protocol === ct.IPPROTO_UDP ? ends : undefined
}

function readPort(bytes: Buffer, from: number, to: number): number {
  if (to - from < 2) throw new WireError(`a port of ${to - from} bytes`)
  return bytes.readUInt16BE(from)
}
