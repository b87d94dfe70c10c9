import type { Label } from "../base/classic-bpf.ts"
import { LOAD, Program } from "../base/classic-bpf.ts"
import type { Condition, Place } from "./condition.ts"

/** What a packet begins with where it is looked at: an Ethernet header, or that of the network, as on a tunnel. */
export type Beginning = "ethernet" | "network"

/** BPF_MAXINSNS: the kernel takes no more. */
export const MOST_INSTRUCTIONS = 4096

/** Bytes of an Ethernet header, and where in it the packet's type stands. */
const ETHERNET = 14
const ETHERNET_TYPE = 12

/** BPF_W, BPF_H, BPF_B, by bytes; BPF_LD|IND, BPF_LD|W|LEN, BPF_LDX|B|MSH. <linux/bpf_common.h> */
const SIZES = { 4: 0x00, 2: 0x08, 1: 0x10 } as const
const LOAD_BEHIND_X = 0x40
const LOAD_LENGTH = 0x80
const X_OF_IP4 = 0xb1

/** What the kernel tells besides the bytes: SKF_AD_OFF and SKF_AD_{PROTOCOL,VLAN_TAG,VLAN_TAG_PRESENT}. <linux/filter.h> */
const BESIDES = 0xffff_f000
const [PROTOCOL, TAG, TAGGED] = [BESIDES, BESIDES + 44, BESIDES + 48]

/**
 * The condition as struct sock_filter[]: 0 for a packet that is not meant, else how many bytes of it are kept.
 *
 * @throws RangeError where it would be longer than the kernel takes
 */
export function compile(condition: Condition, beginning: Beginning, keep: number): Uint8Array {
  const program = new Program()
  const [no, yes] = [program.returning(0), program.returning(keep)]
  write(program, condition, beginning, yes, no)
  if (program.length > MOST_INSTRUCTIONS) throw new RangeError(`${program.length} instructions, and the kernel takes ${MOST_INSTRUCTIONS}`)
  return program.bytes()
}

function write(program: Program, condition: Condition, beginning: Beginning, yes: Label, no: Label): Label {
  if (condition.is === "not") return write(program, condition.of, beginning, no, yes)
  if (condition.is === "all") return condition.of.reduceRight((next, one) => write(program, one, beginning, next, no), yes)
  if (condition.is === "any") return condition.of.reduceRight((next, one) => write(program, one, beginning, yes, next), no)
  const { at, mask, op, value } = condition
  const compared = program.when(op, value, yes, no)
  return load(program, at, beginning, mask === undefined ? compared : program.and(mask, compared))
}

function load(program: Program, at: Place, beginning: Beginning, next: Label): Label {
  const network = beginning === "ethernet" ? ETHERNET : 0
  if (at.of === "length") return program.instruction(LOAD_LENGTH, 0, next)
  if (at.of === "tag") return program.load(TAG, next)
  if (at.of === "tagged") return program.load(TAGGED, next)
  if (at.of === "type")
    return beginning === "ethernet" ? program.instruction(LOAD | SIZES[2], ETHERNET_TYPE, next) : program.load(PROTOCOL, next)
  if (at.of !== "behind-ip4") return program.instruction(LOAD | SIZES[at.size], at.offset + (at.of === "network" ? network : 0), next)
  const loaded = program.instruction(LOAD_BEHIND_X | SIZES[at.size], at.offset + network, next)
  return program.instruction(X_OF_IP4, network, loaded)
}
