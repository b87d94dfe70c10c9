import type { RuleChange, RuleFamily } from "../../packet-rules.ts"
import { writeRaw, writeText } from "../attr.ts"
import { NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST } from "../constants/netlink.ts"
import * as nf from "../constants/nf-tables.ts"
import type { WireWriter } from "../wire.ts"
import { writeExpressions } from "./expression.ts"
import { writeBe32, writeNest } from "./fields.ts"
import { HOOKS } from "./hooks.ts"

const FAMILIES = { ip: nf.NFPROTO_IPV4, ip6: nf.NFPROTO_IPV6 }
/** udata's type and length. */
const COMMENT_HEADER = 2

/** `nft -f -`: changes between begin and end are made at one moment, or none is. Only the last one is acknowledged, each refusal told. */
export function encodeBatch(w: WireWriter, first: number, changes: readonly RuleChange[]): void {
  const end = first + changes.length + 1
  w.message(nf.NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, first, () => writeHeader(w, nf.NFPROTO_UNSPEC, nf.NFNL_SUBSYS_NFTABLES))
  for (const [i, change] of changes.entries()) encodeChange(w, (first + 1 + i) >>> 0, change, i === changes.length - 1 ? NLM_F_ACK : 0)
  w.message(nf.NFNL_MSG_BATCH_END, NLM_F_REQUEST, end >>> 0, () => writeHeader(w, nf.NFPROTO_UNSPEC, nf.NFNL_SUBSYS_NFTABLES))
}

/** `struct nfgenmsg`; its last field is in network byte order. */
export function writeHeader(w: WireWriter, family: number, resource = 0): void {
  w.u8(family)
  w.u8(0)
  w.u8(resource >> 8)
  w.u8(resource & 0xff)
}

function encodeChange(w: WireWriter, sequence: number, change: RuleChange, ack: number): void {
  const message = (type: number, flags: number, body: () => void) =>
    w.message((nf.NFNL_SUBSYS_NFTABLES << 8) | type, NLM_F_REQUEST | flags | ack, sequence, () => {
      writeHeader(w, familyNumber(change.family))
      body()
    })
  switch (change.op) {
    case "table-add":
      message(nf.NFT_MSG_NEWTABLE, NLM_F_CREATE, () => {
        writeText(w, nf.NFTA_TABLE_NAME, change.table)
        writeBe32(w, nf.NFTA_TABLE_FLAGS, 0)
      })
      return
    case "table-delete":
      message(nf.NFT_MSG_DELTABLE, 0, () => writeText(w, nf.NFTA_TABLE_NAME, change.table))
      return
    case "chain-add":
      message(nf.NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, () => writeChain(w, change.chain))
      return
    case "inner-add":
      message(nf.NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, () => {
        writeText(w, nf.NFTA_CHAIN_TABLE, change.table)
        writeText(w, nf.NFTA_CHAIN_NAME, change.chain)
      })
      return
    case "chain-delete":
      message(nf.NFT_MSG_DELCHAIN, 0, () => {
        writeText(w, nf.NFTA_CHAIN_TABLE, change.table)
        writeText(w, nf.NFTA_CHAIN_NAME, change.chain)
      })
      return
    case "rule-add":
      message(nf.NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, () => {
        writeText(w, nf.NFTA_RULE_TABLE, change.table)
        writeText(w, nf.NFTA_RULE_CHAIN, change.chain)
        writeExpressions(w, nf.NFTA_RULE_EXPRESSIONS, change.expressions)
      })
  }
}

function writeChain(w: WireWriter, chain: (RuleChange & { op: "chain-add" })["chain"]): void {
  writeText(w, nf.NFTA_CHAIN_TABLE, chain.table)
  writeText(w, nf.NFTA_CHAIN_NAME, chain.name)
  writeText(w, nf.NFTA_CHAIN_TYPE, chain.type)
  writeBe32(w, nf.NFTA_CHAIN_POLICY, chain.policy === "drop" ? nf.NF_DROP : nf.NF_ACCEPT)
  writeNest(w, nf.NFTA_CHAIN_HOOK, () => {
    writeBe32(w, nf.NFTA_HOOK_HOOKNUM, HOOKS.indexOf(chain.hook))
    writeBe32(w, nf.NFTA_HOOK_PRIORITY, chain.priority)
  })
  if (chain.comment === "") return
  const text = Buffer.from(`${chain.comment}\0`)
  writeRaw(w, nf.NFTA_CHAIN_USERDATA, Buffer.concat([Buffer.from([nf.NFTNL_UDATA_COMMENT, text.length]), text]))
}

/** The comment in a chain's user data; "" where there is none. */
export function commentIn(userdata: Buffer): string {
  for (let at = 0; at + COMMENT_HEADER <= userdata.length; ) {
    const [type, length] = [userdata[at] as number, userdata[at + 1] as number]
    const text = userdata.subarray(at + COMMENT_HEADER, at + COMMENT_HEADER + length)
    if (type === nf.NFTNL_UDATA_COMMENT) return text.toString("utf8").replace(/\0.*$/s, "")
    at += COMMENT_HEADER + length
  }
  return ""
}

function familyNumber(family: RuleFamily): number {
  return FAMILIES[family]
}

/** The change in the words of nft(8). */
export function ruleTwin(change: RuleChange): string {
  switch (change.op) {
    case "table-add":
      return `nft add table ${change.family} ${change.table}`
    case "table-delete":
      return `nft delete table ${change.family} ${change.table}`
    case "chain-add": {
      const { table, name, type, hook, priority, policy } = change.chain
      return `nft add chain ${change.family} ${table} ${name} { type ${type} hook ${hook} priority ${priority}; policy ${policy}; }`
    }
    case "inner-add":
      return `nft add chain ${change.family} ${change.table} ${change.chain}`
    case "chain-delete":
      return `nft delete chain ${change.family} ${change.table} ${change.chain}`
    case "rule-add":
      return `nft add rule ${change.family} ${change.table} ${change.chain} …`
  }
}
