import { formatCidr, parseCidr } from "../../base/ip.ts"
import type { Expression, RuleFamily } from "../../kernel/packet-rules.ts"
import type { Masquerade } from "./spec.ts"
import { masqueradeText } from "./spec.ts"

/** Where the source address stands in the network header, and how many bytes it has. RFC 791, RFC 8200 */
const SOURCE = { ip: { offset: 12, length: 4 }, ip6: { offset: 8, length: 16 } } as const
/** IFNAMSIZ */
const NAME_BYTES = 16

/** The rule as nf_tables takes it: mask and compare the source, compare the link, masquerade. */
export function expressionsOf({ family, source, bridge }: Masquerade): Expression[] {
  const { offset, length } = SOURCE[family]
  const cidr = parseCidr(source)
  if (cidr === undefined) throw new Error(`internal error: ${source} is no subnet`)
  const bits = BigInt(length * 8)
  const mask = ((1n << bits) - 1n) ^ ((1n << (bits - BigInt(cidr.prefix))) - 1n)
  return [
    { is: "payload", offset, length },
    { is: "mask", mask: hex(mask, length) },
    { is: "cmp", op: "==", value: hex(cidr.value, length) },
    { is: "oifname" },
    { is: "cmp", op: "!=", value: Buffer.from(bridge.padEnd(NAME_BYTES, "\0")).toString("hex") },
    { is: "masquerade" },
  ]
}

function hex(value: bigint, length: number): string {
  return value.toString(16).padStart(length * 2, "0")
}

/** A rule as it was read, in nft's words where it is such a one, else in words that no wanted rule has. */
export function wordsOf(family: RuleFamily, expressions: readonly Expression[]): string {
  const guess = guessed(family, expressions)
  if (guess !== undefined && JSON.stringify(expressionsOf(guess)) === JSON.stringify(expressions)) return masqueradeText(guess)
  return `${family}: a rule of others (${expressions.map((one) => (one.is === "other" ? one.name : one.is)).join(" ")})`
}

/** What it would be if it were one. */
function guessed(family: RuleFamily, [, mask, source, , name]: readonly Expression[]): Masquerade | undefined {
  if (mask?.is !== "mask" || source?.is !== "cmp" || name?.is !== "cmp" || !/^[0-9a-f]+$/.test(source.value)) return undefined
  const ones = BigInt(`0x${mask.mask}`).toString(2).replace(/0+$/, "").length
  const prefix = /^0*$/.test(mask.mask) ? 0 : ones
  const cidr = { family: family === "ip" ? (4 as const) : (6 as const), value: BigInt(`0x${source.value}`), prefix }
  return { family, source: formatCidr(cidr), bridge: Buffer.from(name.value, "hex").toString("utf8").replace(/\0+$/, "") }
}
