import type { Expression } from "../../packet-rules.ts"
import { eachAttribute, readText, writeRaw, writeText } from "../attr.ts"
import * as nf from "../constants/nf-tables.ts"
import type { WireWriter } from "../wire.ts"
import { WireError } from "../wire.ts"
import { readBe32, writeBe32, writeNest } from "./fields.ts"

/** The expressions of one rule, as an attribute of it. */
export function writeExpressions(w: WireWriter, type: number, expressions: readonly Expression[]): void {
  writeNest(w, type, () => {
    for (const one of expressions) writeNest(w, nf.NFTA_LIST_ELEM, () => writeExpression(w, one))
  })
}

function writeExpression(w: WireWriter, one: Expression): void {
  switch (one.is) {
    case "payload":
      named(w, "payload", () => {
        writeBe32(w, nf.NFTA_PAYLOAD_DREG, nf.NFT_REG_1)
        writeBe32(w, nf.NFTA_PAYLOAD_BASE, nf.NFT_PAYLOAD_NETWORK_HEADER)
        writeBe32(w, nf.NFTA_PAYLOAD_OFFSET, one.offset)
        writeBe32(w, nf.NFTA_PAYLOAD_LEN, one.length)
      })
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
        writeBe32(w, nf.NFTA_CMP_OP, one.op === "==" ? nf.NFT_CMP_EQ : nf.NFT_CMP_NEQ)
        writeData(w, nf.NFTA_CMP_DATA, Buffer.from(one.value, "hex"))
      })
      return
    case "oifname":
      named(w, "meta", () => {
        writeBe32(w, nf.NFTA_META_KEY, nf.NFT_META_OIFNAME)
        writeBe32(w, nf.NFTA_META_DREG, nf.NFT_REG_1)
      })
      return
    case "masquerade":
      named(w, "masq", () => {})
      return
    case "other":
      throw new WireError(`the expression ${one.name} is none that is written`)
  }
}

function named(w: WireWriter, name: string, data: () => void): void {
  writeText(w, nf.NFTA_EXPR_NAME, name)
  writeNest(w, nf.NFTA_EXPR_DATA, data)
}

function writeData(w: WireWriter, type: number, value: Uint8Array): void {
  writeNest(w, type, () => writeRaw(w, nf.NFTA_DATA_VALUE, value))
}

/** NFTA_RULE_EXPRESSIONS: what is not just as this program would have written it is `other`. */
export function readExpressions(bytes: Buffer, start: number, end: number): Expression[] {
  const found: Expression[] = []
  eachAttribute(bytes, start, end, (_, from, to) => {
    found.push(readExpression(bytes, from, to))
  })
  return found
}

function readExpression(bytes: Buffer, start: number, end: number): Expression {
  let name = ""
  const fields: Fields = new Map()
  eachAttribute(bytes, start, end, (type, from, to) => {
    if (type === nf.NFTA_EXPR_NAME) name = readText(bytes, from, to)
    if (type === nf.NFTA_EXPR_DATA) eachAttribute(bytes, from, to, (field, at, until) => fields.set(field, bytes.subarray(at, until)))
  })
  return READERS[name]?.(fields) ?? { is: "other", name }
}

type Fields = Map<number, Buffer>
type Reader = (fields: Fields) => Expression | undefined

const READERS: { readonly [name: string]: Reader } = {
  payload(fields) {
    const ours = number(fields, nf.NFTA_PAYLOAD_DREG) === nf.NFT_REG_1
    if (!ours || number(fields, nf.NFTA_PAYLOAD_BASE) !== nf.NFT_PAYLOAD_NETWORK_HEADER) return undefined
    return { is: "payload", offset: number(fields, nf.NFTA_PAYLOAD_OFFSET), length: number(fields, nf.NFTA_PAYLOAD_LEN) }
  },
  bitwise(fields) {
    const ours = number(fields, nf.NFTA_BITWISE_SREG) === nf.NFT_REG_1 && number(fields, nf.NFTA_BITWISE_DREG) === nf.NFT_REG_1
    // Operation 0 is mask and xor; kernels before 5.7 know no other, and do not tell.
    if (!ours || (fields.has(nf.NFTA_BITWISE_OP) && number(fields, nf.NFTA_BITWISE_OP) !== 0)) return undefined
    return /^0*$/.test(data(fields, nf.NFTA_BITWISE_XOR)) ? { is: "mask", mask: data(fields, nf.NFTA_BITWISE_MASK) } : undefined
  },
  cmp(fields) {
    const op = number(fields, nf.NFTA_CMP_OP)
    if (number(fields, nf.NFTA_CMP_SREG) !== nf.NFT_REG_1 || op > nf.NFT_CMP_NEQ) return undefined
    return { is: "cmp", op: op === nf.NFT_CMP_EQ ? "==" : "!=", value: data(fields, nf.NFTA_CMP_DATA) }
  },
  meta(fields) {
    const ours = number(fields, nf.NFTA_META_DREG) === nf.NFT_REG_1 && number(fields, nf.NFTA_META_KEY) === nf.NFT_META_OIFNAME
    return ours ? { is: "oifname" } : undefined
  },
  masq: (fields) => (fields.size === 0 ? { is: "masquerade" } : undefined),
}

/** NaN where there is none: it equals nothing. */
function number(fields: Fields, type: number): number {
  const value = fields.get(type)
  return value === undefined ? Number.NaN : readBe32(value, 0, value.length)
}

function data(fields: Fields, type: number): string {
  let found = ""
  const nested = fields.get(type) ?? Buffer.alloc(0)
  eachAttribute(nested, 0, nested.length, (kind, from, to) => {
    if (kind === nf.NFTA_DATA_VALUE) found = nested.toString("hex", from, to)
  })
  return found
}
