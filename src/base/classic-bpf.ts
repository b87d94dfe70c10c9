/** One instruction of classic BPF: struct sock_filter. <linux/filter.h> */
interface Instruction {
  code: number
  jt: number
  jf: number
  k: number
}

/** BPF_LD|W|ABS, BPF_ALU|AND|K, BPF_JMP|{JA,JEQ,JGT,JGE}|K, BPF_RET|K. <linux/bpf_common.h> */
export const LOAD = 0x20
const AND = 0x54
const JUMP = 0x05
const JUMP_IF = { "==": 0x15, ">": 0x25, ">=": 0x35 } as const
const RETURN = 0x06

/** A conditional jump says how many instructions it passes over in one byte. */
const FAR = 255

/** A place in a program: how many instructions there are from it to the end. */
export type Label = number

/**
 * A program that is written from its end: what is jumped to is there before the jump, as BPF only jumps forwards. Where a target is too
 * far for a jump, something nearer leads there.
 */
export class Program {
  /** The last instruction first. */
  readonly #backwards: Instruction[] = []
  readonly #returns = new Map<number, Label>()
  readonly #nearer = new Map<Label, Label>()

  /** `return VALUE`. One for each value, wherever it is wanted. */
  returning(value: number): Label {
    const label = this.#returns.get(value) ?? this.#put({ code: RETURN, jt: 0, jf: 0, k: value })
    this.#returns.set(value, label)
    return label
  }

  /** `A = *(u32 *)(data + OFFSET)`, then on at `next`. */
  load(offset: number, next: Label): Label {
    return this.instruction(LOAD, offset, next)
  }

  /** `A &= MASK`, then on at `next`. */
  and(mask: number, next: Label): Label {
    return this.instruction(AND, mask, next)
  }

  /** An instruction that leads nowhere else, then on at `next`. */
  instruction(code: number, k: number, next: Label): Label {
    this.#leadTo(next)
    return this.#put({ code, jt: 0, jf: 0, k })
  }

  /** Where A stands so to `value` (unsigned), on at `yes`, else at `no`. */
  when(is: keyof typeof JUMP_IF, value: number, yes: Label, no: Label): Label {
    if (yes === no) return yes
    const near = this.#near(yes)
    const other = this.#near(no)
    // What leads to the second has moved the first by one.
    return this.#put({ code: JUMP_IF[is], jt: this.#distance(near), jf: this.#distance(other), k: value })
  }

  get length(): number {
    return this.#backwards.length
  }

  /** struct sock_filter[], little endian. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(8 * this.#backwards.length)
    const view = new DataView(bytes.buffer)
    for (const [i, { code, jt, jf, k }] of [...this.#backwards].reverse().entries()) {
      view.setUint16(8 * i, code, true)
      view.setUint8(8 * i + 2, jt)
      view.setUint8(8 * i + 3, jf)
      view.setUint32(8 * i + 4, k, true)
    }
    return bytes
  }

  #put(instruction: Instruction): Label {
    return this.#backwards.push(instruction)
  }

  /** From the instruction that is put next. */
  #distance(label: Label): number {
    return this.#backwards.length - label
  }

  /** Something that leads to `label`, or it itself; one more instruction may still come between. */
  #near(label: Label): Label {
    if (this.#distance(label) < FAR) return label
    const known = this.#nearer.get(label)
    if (known !== undefined && this.#distance(known) < FAR) return known
    const target = this.#backwards[label - 1] as Instruction
    const nearer = this.#put(target.code === RETURN ? target : { code: JUMP, jt: 0, jf: 0, k: this.#distance(label) })
    this.#nearer.set(label, nearer)
    return nearer
  }

  /** What is put next goes on to the one behind it: that must be `next`. */
  #leadTo(next: Label): void {
    if (this.#distance(next) > 0) this.#put({ code: JUMP, jt: 0, jf: 0, k: this.#distance(next) })
  }
}
