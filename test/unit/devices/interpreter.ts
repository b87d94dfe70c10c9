/** What a device program looks at: struct bpf_cgroup_dev_ctx. <linux/bpf.h> */
export interface Access {
  type: "char" | "block"
  major: number
  minor: number
  /** Some of `r`, `w`, `m`. */
  ways: string
}

const WAYS: { readonly [letter: string]: number } = { m: 1, r: 2, w: 4 }

/** Runs eBPF over one access as the kernel would: true where it is allowed. What a device program of ours does not need is an error. */
export function allows(program: Uint8Array, { type, major, minor, ways }: Access): boolean {
  const context = new DataView(new ArrayBuffer(12))
  const bits = [...ways].reduce((sum, letter) => sum | (WAYS[letter] ?? 0), 0)
  context.setUint32(0, (bits << 16) | (type === "block" ? 1 : 2), true)
  context.setUint32(4, major, true)
  context.setUint32(8, minor, true)
  const view = new DataView(program.buffer, program.byteOffset, program.length)
  const registers = new Array<bigint | undefined>(11)
  const read = (n: number): bigint => registers[n] ?? fail(`register ${n} was never set`)
  for (let at = 0; at < program.length / 8; at++) {
    const code = view.getUint8(8 * at)
    const [to, from] = [view.getUint8(8 * at + 1) & 15, view.getUint8(8 * at + 1) >> 4]
    const [offset, value] = [view.getInt16(8 * at + 2, true), view.getInt32(8 * at + 4, true)]
    const low = (number: bigint) => BigInt.asUintN(32, number)
    if (code === 0x61 && from === 1) registers[to] = BigInt(context.getUint32(offset, true))
    else if (code === 0xb4) registers[to] = low(BigInt(value))
    else if (code === 0xbc) registers[to] = low(read(from))
    else if (code === 0x54) registers[to] = low(read(to) & BigInt(value))
    else if (code === 0x74) registers[to] = low(read(to)) >> BigInt(value)
    else if (code === 0x55) at += read(to) === BigInt.asUintN(64, BigInt(value)) ? 0 : offset
    else if (code === 0x5d) at += read(to) === read(from) ? 0 : offset
    else if (code === 0x95) return read(0) !== 0n
    else fail(`instruction ${at} is none of ours: 0x${code.toString(16)}`)
  }
  return fail("the program runs past its end")
}

function fail(what: string): never {
  throw new Error(what)
}
