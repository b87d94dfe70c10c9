import type { BaseChain, Rule, RuleFamily, RuleSet } from "../../packet-rules.ts"
import { eachAttribute, readText, writeText } from "../attr.ts"
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST } from "../constants/netlink.ts"
import * as nf from "../constants/nf-tables.ts"
import type { Message, WireWriter } from "../wire.ts"
import { WireError } from "../wire.ts"
import { commentIn, writeHeader } from "./change.ts"
import { readBe32 } from "./fields.ts"
import { HOOKS } from "./hooks.ts"
import { readExpressions } from "./read-expression.ts"

/** Size of `struct nfgenmsg`. */
const HEADER = 4
const FAMILIES: { readonly [number: number]: string } = { 1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6" }
/** NLM_F_ACK asks for nothing more of a dump: it says to who waits that an answer comes. */
const DUMP = NLM_F_REQUEST | NLM_F_DUMP | NLM_F_ACK
const type = (message: number) => (nf.NFNL_SUBSYS_NFTABLES << 8) | message

type Dump = (w: WireWriter, sequence: number) => void

/**
 * `nft list tables`, `nft list chains`, and the rules of one table in both families. A socket has one dump under way at a time,
 * so that each is a send of its own.
 */
export function dumps(table: string): Dump[] {
  return [
    (w, sequence) => w.message(type(nf.NFT_MSG_GETTABLE), DUMP, sequence, () => writeHeader(w, nf.NFPROTO_UNSPEC)),
    (w, sequence) => w.message(type(nf.NFT_MSG_GETCHAIN), DUMP, sequence, () => writeHeader(w, nf.NFPROTO_UNSPEC)),
    ruleDump(table, nf.NFPROTO_IPV4),
    ruleDump(table, nf.NFPROTO_IPV6),
  ]
}

/** The rules of `nft list table FAMILY TABLE`. */
export function tableDump(family: string, table: string): Dump {
  const number = Object.entries(FAMILIES).find(([, name]) => name === family)?.[0]
  return ruleDump(table, Number(number ?? nf.NFPROTO_UNSPEC))
}

export function isRule(message: Message): boolean {
  return message.type === type(nf.NFT_MSG_NEWRULE)
}

/** Of all families at once the kernel would tell the first table of that name alone. */
function ruleDump(table: string, family: number): Dump {
  return (w, sequence) =>
    w.message(type(nf.NFT_MSG_GETRULE), DUMP, sequence, () => {
      writeHeader(w, family)
      writeText(w, nf.NFTA_RULE_TABLE, table)
    })
}

/** The last 16 bits of the number of changes there were in this namespace, as each message of a dump has it. */
export function generationOf({ bytes, start, end }: Message): number {
  if (end - start < HEADER) throw new WireError("a message of nf_tables without its header")
  return bytes.readUInt16BE(start + 2)
}

/** Puts what a message tells where it belongs. */
export function readInto(set: RuleSet, message: Message): void {
  const family = FAMILIES[message.bytes[message.start] as number] ?? ""
  if (message.type === type(nf.NFT_MSG_NEWCHAIN)) addChain(set, readChain(message, family))
  if (family !== "ip" && family !== "ip6") return
  if (message.type === type(nf.NFT_MSG_NEWTABLE)) set.tables.push(readTable(message, family))
  if (message.type === type(nf.NFT_MSG_NEWRULE)) set.rules.push({ family, ...readRule(message) })
}

function readTable({ bytes, start, end }: Message, family: RuleFamily): RuleSet["tables"][number] {
  let [name, flags] = ["", 0]
  eachAttribute(bytes, start + HEADER, end, (field, from, to) => {
    if (field === nf.NFTA_TABLE_NAME) name = readText(bytes, from, to)
    if (field === nf.NFTA_TABLE_FLAGS) flags = readBe32(bytes, from, to)
  })
  return (flags & nf.NFT_TABLE_F_DORMANT) === 0 ? { family, name } : { family, name, dormant: true }
}

/** What is at no hook is an inner one. */
function addChain({ chains, inner }: RuleSet, chain: BaseChain): void {
  const { family, table, name } = chain
  if (chain.hook !== "") chains.push(chain)
  else if (family === "ip" || family === "ip6") inner.push({ family, table, name })
}

function readChain({ bytes, start, end }: Message, family: string): BaseChain {
  const chain: BaseChain = { family, table: "", name: "", type: "", hook: "", priority: 0, policy: "accept", comment: "" }
  eachAttribute(bytes, start + HEADER, end, (field, from, to) => {
    if (field === nf.NFTA_CHAIN_TABLE) chain.table = readText(bytes, from, to)
    else if (field === nf.NFTA_CHAIN_NAME) chain.name = readText(bytes, from, to)
    else if (field === nf.NFTA_CHAIN_TYPE) chain.type = readText(bytes, from, to)
    else if (field === nf.NFTA_CHAIN_POLICY) chain.policy = readBe32(bytes, from, to) === nf.NF_DROP ? "drop" : "accept"
    else if (field === nf.NFTA_CHAIN_USERDATA) chain.comment = commentIn(bytes.subarray(from, to))
    else if (field === nf.NFTA_CHAIN_HOOK) readHook(chain, bytes, from, to)
  })
  return chain
}

function readHook(chain: BaseChain, bytes: Buffer, start: number, end: number): void {
  eachAttribute(bytes, start, end, (field, from, to) => {
    if (field === nf.NFTA_HOOK_PRIORITY) chain.priority = readBe32(bytes, from, to)
    if (field !== nf.NFTA_HOOK_HOOKNUM) return
    const hook = readBe32(bytes, from, to)
    chain.hook = HOOKS[hook] ?? String(hook)
  })
}

/** Whichever family's. */
export function readRule({ bytes, start, end }: Message): Rule {
  const rule: Rule = { chain: "", expressions: [] }
  eachAttribute(bytes, start + HEADER, end, (field, from, to) => {
    if (field === nf.NFTA_RULE_CHAIN) rule.chain = readText(bytes, from, to)
    if (field === nf.NFTA_RULE_EXPRESSIONS) rule.expressions = readExpressions(bytes, from, to)
  })
  return rule
}
