import { writeNested, writeRaw } from "../attr.ts"
import { NLA_F_NESTED } from "../constants/netlink.ts"
import type { WireWriter } from "../wire.ts"
import { WireError } from "../wire.ts"

/** An attribute made of attributes: nf_tables wants the flag. */
export function writeNest(w: WireWriter, type: number, body: () => void): void {
  writeNested(w, type | NLA_F_NESTED, body)
}

/** Numbers of nf_tables are in network byte order. A negative one is written as its two's complement. */
export function writeBe32(w: WireWriter, type: number, value: number): void {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value | 0)
  writeRaw(w, type, bytes)
}

export function readBe32(bytes: Buffer, from: number, to: number): number {
  if (to - from < 4) throw new WireError(`a value of ${to - from} bytes, where 4 were expected`)
  return bytes.readInt32BE(from)
}
