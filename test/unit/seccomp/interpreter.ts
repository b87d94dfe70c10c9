/** What a filter looks at: struct seccomp_data. <linux/seccomp.h> */
export interface Call {
  number: number
  arch: number
  args: readonly bigint[]
}

/** Runs classic BPF over one call as the kernel would, and gives the value it returns. Anything seccomp(2) does not take is an error. */
export function interpret(program: Uint8Array, call: Call): number {
  return interpretOn(program, dataOf(call))
}

/** The same, of a call as the kernel lays it out. */
export function interpretOn(program: Uint8Array, data: DataView): number {
  const view = new DataView(program.buffer, program.byteOffset, program.length)
  let accumulator = 0
  let index = 0
  const memory = new Uint32Array(16)
  for (let at = 0; at < program.length / 8; at++) {
    const code = view.getUint16(8 * at, true)
    const k = view.getUint32(8 * at + 4, true)
    const jump = (holds: boolean) => {
      at += view.getUint8(8 * at + (holds ? 2 : 3))
    }
    if (code === 0x20) accumulator = data.getUint32(k, true)
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0
    else if (code === 0x05) at += k
    else if (code === 0x15) jump(accumulator === k)
    else if (code === 0x25) jump(accumulator > k)
    else if (code === 0x35) jump(accumulator >= k)
    else if (code === 0x06) return k
    else if (code === 0x02) memory[k] = accumulator
    else if (code === 0x60) accumulator = memory[k] as number
    else if (code === 0x07) index = accumulator
    else if (code === 0x87) accumulator = index
    else throw new Error(`instruction ${at} is not of seccomp: 0x${code.toString(16)}`)
  }
  throw new Error("the program runs past its end")
}

export function dataOf({ number, arch, args }: Call): DataView {
  const data = new DataView(new ArrayBuffer(64))
  data.setUint32(0, number, true)
  data.setUint32(4, arch, true)
  for (const [i, arg] of args.entries()) data.setBigUint64(16 + 8 * i, arg, true)
  return data
}
