import { protocolNumber, protocolWord } from "../../../base/ip-protocols.ts"
import type { LiveRule, Rule } from "../../kernel.ts"
import { ROUTE_PROTOCOL, VRF_RULE_PRIORITY } from "../../kernel.ts"
import { eachAttribute, readText, readU8, readU32, writeRaw, writeText, writeU8, writeU32 } from "../attr.ts"
import * as FRA from "../constants/fib-rules.ts"
import { NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REQUEST } from "../constants/netlink.ts"
import { AF_INET, AF_INET6, AF_UNSPEC, RTM_DELRULE, RTM_GETRULE, RTM_NEWRULE } from "../constants/rtnetlink.ts"
import type { Message, WireWriter } from "../wire.ts"
import { readU16, WireError } from "../wire.ts"
import { cidrOf, ipBytes, readIp } from "./ip-bytes.ts"

/** rtnetlink(7) */
const RTPROT_KERNEL = 2
/** Size of `struct fib_rule_hdr`. */
const RULE_HEADER = 12
const ALL_BITS = 0xffffffff
/** What a rule without it reads as: -1. */
const NO_LENGTH = 0xffffffff

const ACTIONS: { readonly [type: string]: number } = {
  lookup: FRA.FR_ACT_TO_TBL,
  goto: FRA.FR_ACT_GOTO,
  nop: FRA.FR_ACT_NOP,
  blackhole: FRA.FR_ACT_BLACKHOLE,
  unreachable: FRA.FR_ACT_UNREACHABLE,
  prohibit: FRA.FR_ACT_PROHIBIT,
}

/** What no stack file can say of a rule, by its attribute. User ids the kernel takes only from who is in the user namespace that the network belongs to (fib_nl2rule()). */
const OTHERS: { readonly [attribute: number]: string } = {
  [FRA.FRA_FLOW]: "realms",
  [FRA.FRA_TUN_ID]: "tun_id",
  [FRA.FRA_SUPPRESS_IFGROUP]: "suppress_ifgroup",
  [FRA.FRA_L3MDEV]: "l3mdev",
  [FRA.FRA_UID_RANGE]: "uidrange",
}

/** `ip rule add from 10.1.0.0/24 fwmark 1/0xff iif eth0 lookup 100 priority N protocol 115` */
export function encodeRuleAdd(w: WireWriter, sequence: number, rule: Rule): void {
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL
  w.message(RTM_NEWRULE, flags, sequence, () => writeRule(w, rule))
}

/** `ip rule del …`: of those that are alike, one with our protocol number. */
export function encodeRuleDelete(w: WireWriter, sequence: number, rule: Rule): void {
  w.message(RTM_DELRULE, NLM_F_REQUEST | NLM_F_ACK, sequence, () => writeRule(w, rule))
}

function writeRule(w: WireWriter, rule: Rule): void {
  const { family, from, to, table = 0, type } = rule
  const [source, destination] = [from, to].map((text) => (text === undefined ? undefined : cidrOf(text)))
  const head = [family === "inet6" ? AF_INET6 : AF_INET, destination?.prefix ?? 0, source?.prefix ?? 0, 0]
  for (const value of [...head, table > 0xff ? 0 : table, 0, 0, ACTIONS[type] ?? 0]) w.u8(value)
  w.u32(rule.not ? FRA.FIB_RULE_INVERT : 0)
  if (destination !== undefined) writeRaw(w, FRA.FRA_DST, ipBytes(destination))
  if (source !== undefined) writeRaw(w, FRA.FRA_SRC, ipBytes(source))
  if (rule.iif !== undefined) writeText(w, FRA.FRA_IIFNAME, rule.iif)
  if (rule.oif !== undefined) writeText(w, FRA.FRA_OIFNAME, rule.oif)
  writeU32(w, FRA.FRA_PRIORITY, rule.priority)
  if (rule.fwmark !== undefined) writeU32(w, FRA.FRA_FWMARK, rule.fwmark)
  if (rule.fwmark !== undefined) writeU32(w, FRA.FRA_FWMASK, rule.fwmask ?? ALL_BITS)
  if (rule.ipproto !== undefined) writeU8(w, FRA.FRA_IP_PROTO, protocolNumber(rule.ipproto) ?? 0)
  if (rule.sport !== undefined) writePorts(w, FRA.FRA_SPORT_RANGE, rule.sport)
  if (rule.dport !== undefined) writePorts(w, FRA.FRA_DPORT_RANGE, rule.dport)
  if (table > 0xff) writeU32(w, FRA.FRA_TABLE, table)
  if (rule.goto !== undefined) writeU32(w, FRA.FRA_GOTO, rule.goto)
  if (rule.suppress_prefixlength !== undefined) writeU32(w, FRA.FRA_SUPPRESS_PREFIXLEN, rule.suppress_prefixlength)
  writeU8(w, FRA.FRA_PROTOCOL, ROUTE_PROTOCOL)
}

/** `ip rule add l3mdev priority 1000 protocol kernel` */
export function encodeVrfRuleAdd(w: WireWriter, sequence: number, family: Rule["family"]): void {
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL
  w.message(RTM_NEWRULE, flags, sequence, () => writeVrfRule(w, family))
}

export function encodeVrfRuleDelete(w: WireWriter, sequence: number, family: Rule["family"]): void {
  w.message(RTM_DELRULE, NLM_F_REQUEST | NLM_F_ACK, sequence, () => writeVrfRule(w, family))
}

function writeVrfRule(w: WireWriter, family: Rule["family"]): void {
  for (const value of [family === "inet6" ? AF_INET6 : AF_INET, 0, 0, 0, 0, 0, 0, FRA.FR_ACT_TO_TBL]) w.u8(value)
  w.u32(0)
  writeU8(w, FRA.FRA_L3MDEV, 1)
  writeU8(w, FRA.FRA_PROTOCOL, RTPROT_KERNEL)
  writeU32(w, FRA.FRA_PRIORITY, VRF_RULE_PRIORITY)
}

/** `struct fib_rule_port_range`: the first and the last, in the host's order of bytes. */
function writePorts(w: WireWriter, attribute: number, text: string): void {
  const [first = 0, last = first] = text.split("-").map(Number)
  w.attribute(attribute, () => {
    w.u16(first)
    w.u16(last)
  })
}

function readPorts(bytes: Buffer, from: number, to: number): string {
  if (to - from < 4) throw new WireError("a range of ports without its end")
  const [first, last] = [readU16(bytes, from), readU16(bytes, from + 2)]
  return first === last ? String(first) : `${first}-${last}`
}

/** `ip rule show`, both families. */
export function encodeRuleDump(w: WireWriter, sequence: number): void {
  w.message(RTM_GETRULE, NLM_F_REQUEST | NLM_F_DUMP, sequence, () => {
    w.u32(AF_UNSPEC)
    w.u32(0)
    w.u32(0)
  })
}

/** An RTM_NEWRULE; undefined in a family that is neither IPv4 nor IPv6. */
export function readRule({ bytes, start, end }: Message): LiveRule | undefined {
  if (end - start < RULE_HEADER) throw new WireError("a rule message without its header")
  const family = bytes[start]
  if (family !== AF_INET && family !== AF_INET6) return undefined
  const [action, others] = [bytes[start + 7] ?? 0, bytes[start + 3] === 0 ? [] : ["tos"]]
  const rule: LiveRule = {
    family: family === AF_INET ? "inet" : "inet6",
    priority: 0,
    type: Object.keys(ACTIONS).find((word) => ACTIONS[word] === action) ?? String(action),
    protocol: 0,
  }
  let table = bytes[start + 4] ?? 0
  if ((readU32(bytes, start + 8, end) & FRA.FIB_RULE_INVERT) !== 0) rule.not = true
  const prefix = (at: number, from: number, to: number) => `${readIp(bytes, from, to, family)}/${bytes[start + at]}`
  eachAttribute(bytes, start + RULE_HEADER, end, (type, from, to) => {
    if (type === FRA.FRA_DST) rule.to = prefix(1, from, to)
    else if (type === FRA.FRA_SRC) rule.from = prefix(2, from, to)
    else if (type === FRA.FRA_IIFNAME) rule.iif = readText(bytes, from, to)
    else if (type === FRA.FRA_OIFNAME) rule.oif = readText(bytes, from, to)
    else if (type === FRA.FRA_PRIORITY) rule.priority = readU32(bytes, from, to)
    else if (type === FRA.FRA_FWMARK) rule.fwmark = readU32(bytes, from, to)
    else if (type === FRA.FRA_FWMASK) readMask(rule, readU32(bytes, from, to))
    else if (type === FRA.FRA_IP_PROTO) rule.ipproto = protocolWord(readU8(bytes, from, to))
    else if (type === FRA.FRA_SPORT_RANGE) rule.sport = readPorts(bytes, from, to)
    else if (type === FRA.FRA_DPORT_RANGE) rule.dport = readPorts(bytes, from, to)
    else if (type === FRA.FRA_TABLE) table = readU32(bytes, from, to)
    else if (type === FRA.FRA_GOTO) rule.goto = readU32(bytes, from, to)
    else if (type === FRA.FRA_SUPPRESS_PREFIXLEN) readLength(rule, readU32(bytes, from, to))
    else if (type === FRA.FRA_PROTOCOL) rule.protocol = readU8(bytes, from, to)
    else if (OTHERS[type] !== undefined) others.push(OTHERS[type])
  })
  if (rule.type === "lookup") rule.table = table
  if (others.length > 0) rule.other = others.join(" ")
  return rule
}

/** A mark that is 0 comes without itself: only its mask is there. */
function readMask(rule: LiveRule, mask: number): void {
  rule.fwmark ??= 0
  if (mask !== ALL_BITS) rule.fwmask = mask
}

function readLength(rule: LiveRule, length: number): void {
  if (length !== NO_LENGTH) rule.suppress_prefixlength = length
}
