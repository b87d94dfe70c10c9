import type { Expression, RuleFamily } from "../../packet-rules.ts"
import { writeRaw, writeText } from "../attr.ts"
import * as nf from "../constants/nf-tables.ts"
import type { WireWriter } from "../wire.ts"
import { WireError } from "../wire.ts"
import { writeBe32, writeNest } from "./fields.ts"

/** Of `cmp`, by its sign. */
export const COMPARISONS: { readonly [K in (Expression & { is: "cmp" })["op"]]: number } = {
  "==": nf.NFT_CMP_EQ,
  "!=": nf.NFT_CMP_NEQ,
  "<=": nf.NFT_CMP_LTE,
  ">=": nf.NFT_CMP_GTE,
}
/** What `meta` reads. */
export const META = { iifname: nf.NFT_META_IIFNAME, oifname: nf.NFT_META_OIFNAME, l4proto: nf.NFT_META_L4PROTO } as const
export const FIB = { saddr: nf.NFTA_FIB_F_SADDR, daddr: nf.NFTA_FIB_F_DADDR } as const
export const NAT_FAMILIES: { readonly [F in RuleFamily]: number } = { ip: nf.NFPROTO_IPV4, ip6: nf.NFPROTO_IPV6 }

/** The expressions of one rule, as an attribute of it, each as nft writes it. */
export function writeExpressions(w: WireWriter, type: number, expressions: readonly Expression[]): void {
  writeNest(w, type, () => {
    for (const one of expressions) writeNest(w, nf.NFTA_LIST_ELEM, () => writeExpression(w, one))
  })
}

function writeExpression(w: WireWriter, one: Expression): void {
  switch (one.is) {
    case "payload":
    case "iifname":
    case "oifname":
    case "l4proto":
    case "ct-status":
    case "fib-type":
      writeReading(w, one)
      return
    case "mask":
      named(w, "bitwise", () => {
        const mask = Buffer.from(one.mask, "hex")
        writeBe32(w, nf.NFTA_BITWISE_SREG, nf.NFT_REG_1)
        writeBe32(w, nf.NFTA_BITWISE_DREG, nf.NFT_REG_1)
        writeBe32(w, nf.NFTA_BITWISE_LEN, mask.length)
        writeData(w, nf.NFTA_BITWISE_MASK, mask)
        writeData(w, nf.NFTA_BITWISE_XOR, Buffer.alloc(mask.length))
      })
      return
    case "cmp":
      named(w, "cmp", () => {
        writeBe32(w, nf.NFTA_CMP_SREG, nf.NFT_REG_1)
        writeBe32(w, nf.NFTA_CMP_OP, COMPARISONS[one.op])
        writeData(w, nf.NFTA_CMP_DATA, Buffer.from(one.value, "hex"))
      })
      return
    case "immediate":
      named(w, "immediate", () => {
        writeBe32(w, nf.NFTA_IMMEDIATE_DREG, one.register)
        writeData(w, nf.NFTA_IMMEDIATE_DATA, Buffer.from(one.value, "hex"))
      })
      return
    case "dnat":
    case "masquerade":
    case "drop":
    case "accept":
    case "jump":
      writeEffect(w, one)
      return
    case "other":
      throw new WireError(`the expression ${one.name} is none that is written`)
  }
}

/** What reads something of the packet into the register. */
function writeReading(
  w: WireWriter,
  one: Expression & { is: "payload" | "iifname" | "oifname" | "l4proto" | "ct-status" | "fib-type" },
): void {
  switch (one.is) {
    case "payload":
      named(w, "payload", () => {
        writeBe32(w, nf.NFTA_PAYLOAD_DREG, nf.NFT_REG_1)
        const transport = one.header === "transport"
        writeBe32(w, nf.NFTA_PAYLOAD_BASE, transport ? nf.NFT_PAYLOAD_TRANSPORT_HEADER : nf.NFT_PAYLOAD_NETWORK_HEADER)
        writeBe32(w, nf.NFTA_PAYLOAD_OFFSET, one.offset)
        writeBe32(w, nf.NFTA_PAYLOAD_LEN, one.length)
      })
      return
    case "ct-status":
      named(w, "ct", () => {
        writeBe32(w, nf.NFTA_CT_KEY, nf.NFT_CT_STATUS)
        writeBe32(w, nf.NFTA_CT_DREG, nf.NFT_REG_1)
      })
      return
    case "fib-type":
      named(w, "fib", () => {
        writeBe32(w, nf.NFTA_FIB_FLAGS, FIB[one.of])
        writeBe32(w, nf.NFTA_FIB_RESULT, nf.NFT_FIB_RESULT_ADDRTYPE)
        writeBe32(w, nf.NFTA_FIB_DREG, nf.NFT_REG_1)
      })
      return
    default:
      named(w, "meta", () => {
        writeBe32(w, nf.NFTA_META_KEY, META[one.is])
        writeBe32(w, nf.NFTA_META_DREG, nf.NFT_REG_1)
      })
  }
}

/** What becomes of the packet. */
function writeEffect(w: WireWriter, one: Expression & { is: "dnat" | "masquerade" | "drop" | "accept" | "jump" }): void {
  switch (one.is) {
    case "masquerade":
      named(w, "masq", () => {})
      return
    case "dnat":
      named(w, "nat", () => {
        writeBe32(w, nf.NFTA_NAT_TYPE, nf.NFT_NAT_DNAT)
        writeBe32(w, nf.NFTA_NAT_FAMILY, NAT_FAMILIES[one.family])
        writeBe32(w, nf.NFTA_NAT_REG_ADDR_MIN, nf.NFT_REG_1)
        if (!one.port) return
        writeBe32(w, nf.NFTA_NAT_REG_PROTO_MIN, nf.NFT_REG_2)
        writeBe32(w, nf.NFTA_NAT_FLAGS, nf.NF_NAT_RANGE_PROTO_SPECIFIED)
      })
      return
    default: {
      const code = { drop: nf.NF_DROP, accept: nf.NF_ACCEPT, jump: nf.NFT_JUMP }[one.is]
      named(w, "immediate", () => {
        writeBe32(w, nf.NFTA_IMMEDIATE_DREG, nf.NFT_REG_VERDICT)
        writeNest(w, nf.NFTA_IMMEDIATE_DATA, () =>
          writeNest(w, nf.NFTA_DATA_VERDICT, () => {
            writeBe32(w, nf.NFTA_VERDICT_CODE, code)
            if (one.is === "jump") writeText(w, nf.NFTA_VERDICT_CHAIN, one.chain)
          }),
        )
      })
    }
  }
}

function named(w: WireWriter, name: string, data: () => void): void {
  writeText(w, nf.NFTA_EXPR_NAME, name)
  writeNest(w, nf.NFTA_EXPR_DATA, data)
}

function writeData(w: WireWriter, type: number, value: Uint8Array): void {
  writeNest(w, type, () => writeRaw(w, nf.NFTA_DATA_VALUE, value))
}
