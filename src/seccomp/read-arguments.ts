import { nearest } from "../base/nearest.ts"
import type { Comparison } from "./profile.ts"
import type { Problems } from "./read-problems.ts"
import { listOf, mapOf, wholeOf } from "./read-problems.ts"

/** SCMP_CMP_*: libseccomp's words, which the OCI runtime specification has taken over. */
const OPS: { readonly [word: string]: Comparison["op"] } = {
  SCMP_CMP_NE: "!=",
  SCMP_CMP_LT: "<",
  SCMP_CMP_LE: "<=",
  SCMP_CMP_EQ: "==",
  SCMP_CMP_GE: ">=",
  SCMP_CMP_GT: ">",
  SCMP_CMP_MASKED_EQ: "masked",
}

const LAST_ARGUMENT = 5
const MOST = (1n << 64n) - 1n

/**
 * The conditions of a rule: all of one alternative must hold. Where one argument stands in two of them, each condition is an
 * alternative of its own, as runc and crun have it.
 */
export function alternativesOf(problems: Problems, args: unknown, where: string): Comparison[][] {
  const all = listOf(problems, args ?? [], `args of ${where}`).flatMap((value, i) =>
    comparisonOf(problems, value, `args[${i}] of ${where}`),
  )
  const isTwice = new Set(all.map(({ index }) => index)).size < all.length
  return isTwice ? all.map((one) => [one]) : [all]
}

function comparisonOf(problems: Problems, value: unknown, where: string): Comparison[] {
  const arg = mapOf(problems, value, where, ["index", "value", "valueTwo", "op"])
  if (arg === undefined) return []
  const index = wholeOf(problems, arg.index, `index in ${where}`, LAST_ARGUMENT)
  const first = numberOf(problems, arg.value ?? 0, `value in ${where}`)
  const second = numberOf(problems, arg.valueTwo ?? 0, `valueTwo in ${where}`)
  const op = typeof arg.op === "string" && Object.hasOwn(OPS, arg.op) ? OPS[arg.op] : undefined
  if (op === undefined) {
    const near = typeof arg.op === "string" ? nearest(arg.op, Object.keys(OPS)) : undefined
    problems.error(
      `op in ${where} is no comparison: ${JSON.stringify(arg.op)}`,
      near === undefined ? Object.keys(OPS).join(", ") : `did you mean ${near}?`,
    )
  }
  if (index === undefined || first === undefined || second === undefined || op === undefined) return []
  // Of a masked comparison the first number is the mask.
  return [op === "masked" ? { index, op, value: second, mask: first } : { index, op, value: first }]
}

/** In decimal. A number beyond 53 bits has come as a text. */
function numberOf(problems: Problems, value: unknown, where: string): string | undefined {
  const isWhole =
    (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) || (typeof value === "string" && /^\d{16,20}$/.test(value))
  if (isWhole && BigInt(value as string | number) <= MOST) return BigInt(value as string | number).toString()
  problems.error(`${where} is no whole number of 64 bits: ${JSON.stringify(value)}`, "correct it")
  return undefined
}
