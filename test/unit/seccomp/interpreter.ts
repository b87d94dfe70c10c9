import { run } from "../classic-bpf.ts"

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
  const memory = new Uint32Array(16)
  return run(program, (code, k, registers) => {
    if (code === 0x20) registers.accumulator = data.getUint32(k, true)
    else if (code === 0x02) memory[k] = registers.accumulator
    else if (code === 0x60) registers.accumulator = memory[k] as number
    else if (code === 0x07) registers.index = registers.accumulator
    else if (code === 0x87) registers.accumulator = registers.index
    else return false
    return true
  })
}

export function dataOf({ number, arch, args }: Call): DataView {
  const data = new DataView(new ArrayBuffer(64))
  data.setUint32(0, number, true)
  data.setUint32(4, arch, true)
  for (const [i, arg] of args.entries()) data.setBigUint64(16 + 8 * i, arg, true)
  return data
}
