import { hash64 } from "../base/hash.ts"
import type { DeviceRule } from "./rule.ts"
import { ACCESS, ruleLine } from "./rule.ts"

/** A BPF_PROG_TYPE_CGROUP_DEVICE program: what is not in its rules is refused. */
export interface DeviceProgram {
  /** What the kernel calls it: our mark and a digest of the rules, 15 bytes at most (BPF_OBJ_NAME_LEN). */
  name: string
  /** struct bpf_insn[], little endian. <linux/bpf.h> */
  code: Uint8Array
  rules: readonly DeviceRule[]
}

/** How the name of each program of ours begins. */
export const PROGRAM_MARK = "stk_"
const NAME_LENGTH = 15

/** One instruction of eBPF: struct bpf_insn. Documentation/bpf/standardization/instruction-set.rst */
interface Instruction {
  code: number
  to?: number
  from?: number
  offset?: number
  value?: number
}

/** BPF_LDX|W|MEM, BPF_ALU|{MOV,AND}|{K,X}, BPF_ALU|RSH|K, BPF_JMP|JNE|{K,X}, BPF_JMP|EXIT; ALU works on 32 bits. */
const LOAD = 0x61
const MOVE = 0xb4
const MOVE_FROM = 0xbc
const AND = 0x54
const SHIFT_RIGHT = 0x74
const UNLESS = 0x55
const UNLESS_FROM = 0x5d
const EXIT = 0x95

/** Where what stands: r1 is struct bpf_cgroup_dev_ctx {u32 access_type, major, minor}, its first word `access << 16 | type`. */
const [RESULT, CONTEXT, TYPE, WAY, MAJOR, MINOR] = [0, 1, 2, 3, 4, 5]

/** BPF_DEVCG_DEV_* and BPF_DEVCG_ACC_* */
const TYPES = { block: 1, char: 2 } as const
const WAYS: { readonly [letter: string]: number } = { m: 1, r: 2, w: 4 }

/**
 * Rule by rule: where one does not fit, on with the next; behind the last one comes "no". A rule allows an access where it
 * allows each way of it.
 */
export function deviceProgram(rules: readonly DeviceRule[]): DeviceProgram {
  const instructions = [...opening(), ...rules.flatMap(ruleCode), { code: MOVE, to: RESULT, value: 0 }, { code: EXIT }]
  const name = `${PROGRAM_MARK}${hash64(rules.map(ruleLine).join("\n"))}`.slice(0, NAME_LENGTH)
  return { name, code: bytesOf(instructions), rules }
}

function opening(): Instruction[] {
  return [
    { code: LOAD, to: TYPE, from: CONTEXT, offset: 0 },
    { code: MOVE_FROM, to: WAY, from: TYPE },
    { code: SHIFT_RIGHT, to: WAY, value: 16 },
    { code: AND, to: TYPE, value: 0xffff },
    { code: LOAD, to: MAJOR, from: CONTEXT, offset: 4 },
    { code: LOAD, to: MINOR, from: CONTEXT, offset: 8 },
  ]
}

/** Its conditions, each of which leads past it, then "yes". */
function ruleCode({ type, major, minor, access }: DeviceRule): Instruction[] {
  const yes: Instruction[] = [{ code: MOVE, to: RESULT, value: 1 }, { code: EXIT }]
  const conditions: Instruction[] = [
    { code: UNLESS, to: TYPE, value: TYPES[type] },
    { code: UNLESS, to: MAJOR, value: major },
    ...(minor === "*" ? [] : [{ code: UNLESS, to: MINOR, value: minor }]),
    ...(access === ACCESS ? [] : within(access)),
  ]
  const code = [...conditions, ...yes]
  return code.map((one, at) => (one.code === UNLESS || one.code === UNLESS_FROM ? { ...one, offset: code.length - at - 1 } : one))
}

/** All ways of the access are among these. */
function within(access: string): Instruction[] {
  const mask = [...access].reduce((sum, letter) => sum | (WAYS[letter] ?? 0), 0)
  return [
    { code: MOVE_FROM, to: RESULT, from: WAY },
    { code: AND, to: RESULT, value: mask },
    { code: UNLESS_FROM, to: RESULT, from: WAY },
  ]
}

function bytesOf(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(8 * instructions.length)
  const view = new DataView(bytes.buffer)
  for (const [i, { code, to = 0, from = 0, offset = 0, value = 0 }] of instructions.entries()) {
    view.setUint8(8 * i, code)
    view.setUint8(8 * i + 1, to | (from << 4))
    view.setInt16(8 * i + 2, offset, true)
    view.setInt32(8 * i + 4, value, true)
  }
  return bytes
}
