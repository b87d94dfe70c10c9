import type { Label, Program } from "../base/classic-bpf.ts"
import type { Comparison } from "./profile.ts"

/** Of args[] in struct seccomp_data, little endian: the low half of the first. <linux/seccomp.h> */
const ARGUMENTS = 16
const WHOLE = 0xffff_ffff

/** Where the argument stands so, on at `yes`, else at `no`. BPF has 32 bits: the halves are looked at one after the other. */
export function comparison(program: Program, { index, op, value, mask }: Comparison, yes: Label, no: Label): Label {
  const halves = halvesOf(value)
  switch (op) {
    case "==":
      return equal(program, index, halves, [WHOLE, WHOLE], yes, no)
    case "!=":
      return equal(program, index, halves, [WHOLE, WHOLE], no, yes)
    case "masked":
      return equal(program, index, halves, halvesOf(mask ?? "0"), yes, no)
    case ">=":
      return ordered(program, index, halves, ">=", yes, no)
    case ">":
      return ordered(program, index, halves, ">", yes, no)
    case "<":
      return ordered(program, index, halves, ">=", no, yes)
    case "<=":
      return ordered(program, index, halves, ">", no, yes)
  }
}

type Halves = readonly [high: number, low: number]

function halvesOf(number: string): Halves {
  const value = BigInt(number)
  return [Number(value >> 32n), Number(value & 0xffff_ffffn)]
}

/** As libseccomp has it, bits of the value that are not in the mask count for nothing. */
function equal(program: Program, index: number, value: Halves, mask: Halves, yes: Label, no: Label): Label {
  const half = (part: 0 | 1, next: Label) => {
    const bits = mask[part]
    if (bits === 0) return next
    const found = program.when("==", (value[part] & bits) >>> 0, next, no)
    return program.load(offsetOf(index, part), bits === WHOLE ? found : program.and(bits, found))
  }
  return half(0, half(1, yes))
}

function ordered(program: Program, index: number, [high, low]: Halves, op: ">" | ">=", yes: Label, no: Label): Label {
  const lower = program.load(offsetOf(index, 1), program.when(op, low, yes, no))
  const same = program.when("==", high, lower, no)
  return program.load(offsetOf(index, 0), program.when(">", high, yes, same))
}

function offsetOf(index: number, part: 0 | 1): number {
  return ARGUMENTS + 8 * index + (part === 0 ? 4 : 0)
}
