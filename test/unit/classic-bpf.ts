export interface Registers {
  accumulator: number
  index: number
}

/** Does an instruction that is not of all programs; "ends": the program ends with 0; false: there is no such instruction. */
export type Instruction = (code: number, k: number, registers: Registers) => boolean | "ends"

/** Runs classic BPF as the kernel does, and gives the value that it returns: jumps, `and` and `return` are the same for whatever is looked at. */
export function run(program: Uint8Array, other: Instruction): number {
  const view = new DataView(program.buffer, program.byteOffset, program.length)
  const registers: Registers = { accumulator: 0, index: 0 }
  for (let at = 0; at < program.length / 8; at++) {
    const code = view.getUint16(8 * at, true)
    const k = view.getUint32(8 * at + 4, true)
    const { accumulator } = registers
    const jump = (holds: boolean) => {
      at += view.getUint8(8 * at + (holds ? 2 : 3))
    }
    if (code === 0x54) registers.accumulator = (accumulator & k) >>> 0
    else if (code === 0x05) at += k
    else if (code === 0x15) jump(accumulator === k)
    else if (code === 0x25) jump(accumulator > k)
    else if (code === 0x35) jump(accumulator >= k)
    else if (code === 0x06) return k
    else {
      const done = other(code, k, registers)
      if (done === "ends") return 0
      if (!done) throw new Error(`instruction ${at} is none of these programs': 0x${code.toString(16)}`)
    }
  }
  throw new Error("the program runs past its end")
}
