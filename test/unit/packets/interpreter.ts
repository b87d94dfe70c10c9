/**
 * Runs classic BPF over one packet as the kernel's socket filters do, and gives how many bytes it keeps. Bytes beyond the end end it
 * with 0. `tag`: a VLAN tag that is not in the bytes.
 */
export function interpret(program: Uint8Array, packet: Buffer, tag?: number): number {
  const view = new DataView(program.buffer, program.byteOffset, program.length)
  let [accumulator, index] = [0, 0]
  for (let at = 0; at < program.length / 8; at++) {
    const code = view.getUint16(8 * at, true)
    const k = view.getUint32(8 * at + 4, true)
    const jump = (holds: boolean) => {
      at += view.getUint8(8 * at + (holds ? 2 : 3))
    }
    const size = [4, 2, 1][(code >> 3) & 3] ?? 0
    const offset = (code & 0xe0) === 0x40 ? index + k : k
    if ((code & 7) < 2 && k < 0xffff_f000 && code !== 0x80 && offset + size > packet.length) return 0
    if (code === 0x20 && k >= 0xffff_f000) accumulator = besides(k - 0xffff_f000, tag)
    else if ([0x20, 0x28, 0x30, 0x40, 0x48, 0x50].includes(code)) accumulator = packet.readUIntBE(offset, size)
    else if (code === 0x80) accumulator = packet.length
    else if (code === 0xb1) index = 4 * (packet.readUInt8(k) & 15)
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0
    else if (code === 0x05) at += k
    else if (code === 0x15) jump(accumulator === k)
    else if (code === 0x25) jump(accumulator > k)
    else if (code === 0x35) jump(accumulator >= k)
    else if (code === 0x06) return k
    else throw new Error(`instruction ${at} is not of ours: 0x${code.toString(16)}`)
  }
  throw new Error("the program runs past its end")
}

/** SKF_AD_VLAN_TAG and SKF_AD_VLAN_TAG_PRESENT. <linux/filter.h> */
function besides(what: number, tag: number | undefined): number {
  if (what === 44) return tag ?? 0
  if (what === 48) return tag === undefined ? 0 : 1
  throw new Error(`nothing here tells ${what}`)
}
