import type { Expression } from "../../packet-rules.ts"
import { eachAttribute, readText } from "../attr.ts"
import * as nf from "../constants/nf-tables.ts"
import { COMPARISONS, FIB, META, NAT_FAMILIES } from "./expression.ts"
import { readBe32 } from "./fields.ts"

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
    if (number(fields, nf.NFTA_PAYLOAD_DREG) !== nf.NFT_REG_1) return undefined
    const [offset, length] = [number(fields, nf.NFTA_PAYLOAD_OFFSET), number(fields, nf.NFTA_PAYLOAD_LEN)]
    const base = number(fields, nf.NFTA_PAYLOAD_BASE)
    if (base === nf.NFT_PAYLOAD_NETWORK_HEADER) return { is: "payload", offset, length }
    return base === nf.NFT_PAYLOAD_TRANSPORT_HEADER ? { is: "payload", offset, length, header: "transport" } : undefined
  },
  bitwise(fields) {
    const ours = number(fields, nf.NFTA_BITWISE_SREG) === nf.NFT_REG_1 && number(fields, nf.NFTA_BITWISE_DREG) === nf.NFT_REG_1
    // Operation 0 is mask and xor; kernels before 5.7 know no other, and do not tell.
    if (!ours || (fields.has(nf.NFTA_BITWISE_OP) && number(fields, nf.NFTA_BITWISE_OP) !== 0)) return undefined
    return /^0*$/.test(data(fields, nf.NFTA_BITWISE_XOR)) ? { is: "mask", mask: data(fields, nf.NFTA_BITWISE_MASK) } : undefined
  },
  cmp(fields) {
    const op = keyOf(COMPARISONS, number(fields, nf.NFTA_CMP_OP))
    if (number(fields, nf.NFTA_CMP_SREG) !== nf.NFT_REG_1 || op === undefined) return undefined
    return { is: "cmp", op, value: data(fields, nf.NFTA_CMP_DATA) }
  },
  meta(fields) {
    const is = keyOf(META, number(fields, nf.NFTA_META_KEY))
    return number(fields, nf.NFTA_META_DREG) === nf.NFT_REG_1 && is !== undefined ? { is } : undefined
  },
  ct(fields) {
    const ours = number(fields, nf.NFTA_CT_DREG) === nf.NFT_REG_1 && number(fields, nf.NFTA_CT_KEY) === nf.NFT_CT_STATUS
    return ours ? { is: "ct-status" } : undefined
  },
  fib(fields) {
    const ours = number(fields, nf.NFTA_FIB_DREG) === nf.NFT_REG_1 && number(fields, nf.NFTA_FIB_RESULT) === nf.NFT_FIB_RESULT_ADDRTYPE
    const of = keyOf(FIB, number(fields, nf.NFTA_FIB_FLAGS))
    return ours && of !== undefined ? { is: "fib-type", of } : undefined
  },
  immediate(fields) {
    const register = number(fields, nf.NFTA_IMMEDIATE_DREG)
    if (register === nf.NFT_REG_VERDICT) return verdict(fields.get(nf.NFTA_IMMEDIATE_DATA))
    if (register !== nf.NFT_REG_1 && register !== nf.NFT_REG_2) return undefined
    return { is: "immediate", register, value: data(fields, nf.NFTA_IMMEDIATE_DATA) }
  },
  nat(fields) {
    const family = keyOf(NAT_FAMILIES, number(fields, nf.NFTA_NAT_FAMILY))
    const port = fields.has(nf.NFTA_NAT_REG_PROTO_MIN)
    // The kernel tells the end of each range, too, which is where it begins.
    const [address, protocol] = [
      [nf.NFTA_NAT_REG_ADDR_MIN, nf.NFTA_NAT_REG_ADDR_MAX],
      [nf.NFTA_NAT_REG_PROTO_MIN, nf.NFTA_NAT_REG_PROTO_MAX],
    ].map((types) => types.flatMap((type) => (fields.has(type) ? [number(fields, type)] : [])))
    const flags = fields.has(nf.NFTA_NAT_FLAGS) ? number(fields, nf.NFTA_NAT_FLAGS) : 0
    const ours =
      number(fields, nf.NFTA_NAT_TYPE) === nf.NFT_NAT_DNAT &&
      address?.[0] === nf.NFT_REG_1 &&
      address.every((one) => one === nf.NFT_REG_1) &&
      protocol?.every((one) => one === nf.NFT_REG_2) === true &&
      (flags & ~(nf.NF_NAT_RANGE_MAP_IPS | nf.NF_NAT_RANGE_PROTO_SPECIFIED)) === 0
    return ours && family !== undefined ? { is: "dnat", family, port } : undefined
  },
  masq: (fields) => (fields.size === 0 ? { is: "masquerade" } : undefined),
}

function verdict(nested: Buffer | undefined): Expression | undefined {
  const found: Fields = new Map()
  eachAttribute(nested ?? Buffer.alloc(0), 0, nested?.length ?? 0, (kind, from, to) => {
    if (kind === nf.NFTA_DATA_VERDICT && nested !== undefined)
      eachAttribute(nested, from, to, (field, at, until) => found.set(field, nested.subarray(at, until)))
  })
  const chain = found.get(nf.NFTA_VERDICT_CHAIN)
  switch (number(found, nf.NFTA_VERDICT_CODE)) {
    case nf.NF_DROP:
      return { is: "drop" }
    case nf.NF_ACCEPT:
      return { is: "accept" }
    case nf.NFT_JUMP:
      return chain === undefined ? undefined : { is: "jump", chain: readText(chain, 0, chain.length) }
    default:
      return undefined
  }
}

function keyOf<K extends string>(map: { readonly [key in K]: number }, value: number): K | undefined {
  return (Object.keys(map) as K[]).find((key) => map[key] === value)
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
