import { run } from "../classic-bpf.ts"

/**
 * Runs classic BPF over one packet as the kernel's socket filters do, and gives how many bytes it keeps. Bytes beyond the end end it
 * with 0. `tag`: a VLAN tag that is not in the bytes.
 */
export function interpret(program: Uint8Array, packet: Buffer, tag?: number): number {
  return run(program, (code, k, registers) => {
    const size = [4, 2, 1][(code >> 3) & 3] ?? 0
    const offset = (code & 0xe0) === 0x40 ? registers.index + k : k
    if ((code & 7) < 2 && k < 0xffff_f000 && code !== 0x80 && offset + size > packet.length) return "ends"
    if (code === 0x20 && k >= 0xffff_f000) registers.accumulator = besides(k - 0xffff_f000, tag)
    else if ([0x20, 0x28, 0x30, 0x40, 0x48, 0x50].includes(code)) registers.accumulator = packet.readUIntBE(offset, size)
    else if (code === 0x80) registers.accumulator = packet.length
    else if (code === 0xb1) registers.index = 4 * (packet.readUInt8(k) & 15)
    else return false
    return true
  })
}

/** SKF_AD_VLAN_TAG and SKF_AD_VLAN_TAG_PRESENT. <linux/filter.h> */
function besides(what: number, tag: number | undefined): number {
  if (what === 44) return tag ?? 0
  if (what === 48) return tag === undefined ? 0 : 1
  throw new Error(`nothing here tells ${what}`)
}
