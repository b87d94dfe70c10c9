import { NLA_TYPE_MASK } from "./constants/netlink.ts"
import type { WireWriter } from "./wire.ts"
import { aligned, readU16, WireError } from "./wire.ts"

const ATTRIBUTE_HEADER = 4

// ------------------------------------------------------------------- writing

export function writeU8(w: WireWriter, type: number, value: number): void {
  w.attribute(type, () => w.u8(value))
}

export function writeU32(w: WireWriter, type: number, value: number): void {
  w.attribute(type, () => w.u32(value))
}

export function writeText(w: WireWriter, type: number, value: string): void {
  w.attribute(type, () => w.text(value))
}

export function writeRaw(w: WireWriter, type: number, value: Uint8Array): void {
  w.attribute(type, () => w.raw(value))
}

/** An attribute made of attributes. rtnetlink's old families want it without NLA_F_NESTED, as iproute2 sends it. */
export function writeNested(w: WireWriter, type: number, body: () => void): void {
  w.attribute(type, body)
}

// ------------------------------------------------------------------- reading

/**
 * Visits the attributes in `bytes[start..end)`; the value of each is `bytes[from..to)`. Flag bits are taken off the type.
 * Throws WireError where a length does not fit. rtnetlink(7), `struct rtattr`
 */
export function eachAttribute(bytes: Buffer, start: number, end: number, visit: (type: number, from: number, to: number) => void): void {
  if (start > end || end > bytes.length) throw new WireError("a message shorter than its header")
  let at = start
  while (at < end) {
    const left = end - at
    if (left < ATTRIBUTE_HEADER) throw new WireError(`${left} bytes are no attribute`)
    const length = readU16(bytes, at)
    if (length < ATTRIBUTE_HEADER || length > left) throw new WireError(`an attribute of ${length} bytes, where ${left} are left`)
    visit(readU16(bytes, at + 2) & NLA_TYPE_MASK, at + ATTRIBUTE_HEADER, at + length)
    at += aligned(length)
  }
}

function need(from: number, to: number, size: number): void {
  if (to - from < size) throw new WireError(`a value of ${to - from} bytes, where ${size} were expected`)
}

export function readU8(bytes: Buffer, from: number, to: number): number {
  need(from, to, 1)
  return bytes.readUInt8(from)
}

export function readU32(bytes: Buffer, from: number, to: number): number {
  need(from, to, 4)
  return bytes.readUInt32LE(from)
}

export function readI32(bytes: Buffer, from: number, to: number): number {
  need(from, to, 4)
  return bytes.readInt32LE(from)
}

/** A counter; exact up to 2^53. */
export function readU64(bytes: Buffer, from: number, to: number): number {
  need(from, to, 8)
  return bytes.readUInt32LE(from) + bytes.readUInt32LE(from + 4) * 2 ** 32
}

/** Text up to its NUL, if it has one. */
export function readText(bytes: Buffer, from: number, to: number): string {
  const nul = bytes.indexOf(0, from)
  return bytes.toString("utf8", from, nul < 0 || nul > to ? to : nul)
}
