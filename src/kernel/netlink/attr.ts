import { HEX } from "../../base/hex.ts"
import { NLA_TYPE_MASK } from "./constants/netlink.ts"
import type { WireWriter } from "./wire.ts"
import { WireError } from "./wire.ts"

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

/** Types of attributes: a one at the place of each. */
export type Types = Uint8Array

export function typesOf(...types: readonly number[]): Types {
  const ones = new Uint8Array(Math.max(...types) + 1)
  for (const type of types) ones[type] = 1
  return ones
}

/**
 * Visits the attributes in `bytes[start..end)`, or of these the `wanted`; the value of each is `bytes[from..to)`. Flag bits are taken off the type.
 * Throws WireError where a length does not fit. rtnetlink(7), `struct rtattr`
 */
export function eachAttribute(
  bytes: Buffer,
  start: number,
  end: number,
  visit: (type: number, from: number, to: number) => void,
  wanted?: Types,
): void {
  if (start > end || end > bytes.length) throw new WireError("a message shorter than its header")
  // A plan reads a hundred thousand of them, by code that V8 does not optimise: a call each would be half of the time.
  for (let at = start; at < end; ) {
    const left = end - at
    if (left < ATTRIBUTE_HEADER) throw new WireError(`${left} bytes are no attribute`)
    const length = (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
    if (length < ATTRIBUTE_HEADER || length > left) throw new WireError(`an attribute of ${length} bytes, where ${left} are left`)
    const type = ((bytes[at + 2] as number) | ((bytes[at + 3] as number) << 8)) & NLA_TYPE_MASK
    if (wanted === undefined || wanted[type] === 1) visit(type, at + ATTRIBUTE_HEADER, at + length)
    at += (length + 3) & ~3
  }
}

function need(from: number, to: number, size: number): void {
  if (to - from < size) throw new WireError(`a value of ${to - from} bytes, where ${size} were expected`)
}

export function readU8(bytes: Buffer, from: number, to: number): number {
  need(from, to, 1)
  return bytes[from] as number
}

export function readU32(bytes: Buffer, from: number, to: number): number {
  return readI32(bytes, from, to) >>> 0
}

/** Byte by byte, as `need` has seen that they are there: `readInt32LE` looks once more, and takes three times as long for it. */
export function readI32(bytes: Buffer, from: number, to: number): number {
  need(from, to, 4)
  return (
    (bytes[from] as number) | ((bytes[from + 1] as number) << 8) | ((bytes[from + 2] as number) << 16) | ((bytes[from + 3] as number) << 24)
  )
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

/** A link-layer address, as iproute2 writes it: `02:00:00:00:00:01`. */
export function readLinkLayer(bytes: Buffer, from: number, to: number): string {
  let text = from < to ? (HEX[bytes[from] as number] as string) : ""
  for (let at = from + 1; at < to; at++) text += `:${HEX[bytes[at] as number]}`
  return text
}
