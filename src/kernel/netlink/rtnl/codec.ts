import { readU8, readU32, writeRaw, writeU8, writeU32 } from "../attr.ts"
import { AF_INET, AF_INET6 } from "../constants/rtnetlink.ts"
import type { WireWriter } from "../wire.ts"
import { WireError } from "../wire.ts"
import { ipBytes, ipOf, readIp } from "./ip-bytes.ts"

export type Option = string | number | boolean

/** How the value of an option stands in its attribute. */
export interface Codec {
  write(w: WireWriter, type: number, value: Option): void
  /** Undefined: not set, or what only another option of the same attribute says. */
  read(bytes: Buffer, from: number, to: number): Option | undefined
}

/** In the host's order of bytes. */
export const u32: Codec = { write: (w, type, value) => writeU32(w, type, Number(value)), read: readU32 }
export const u16: Codec = {
  write: (w, type, value) => writeRaw(w, type, Uint8Array.of(Number(value) & 255, Number(value) >> 8)),
  read: (bytes, from, to) => need(bytes, from, to, 2).readUInt16LE(from),
}
export const u8: Codec = { write: (w, type, value) => writeU8(w, type, Number(value)), read: readU8 }
/** A byte, or 32 bits, that is 1 or 0. */
export const flag: Codec = { write: u8.write, read: (bytes, from, to) => readU8(bytes, from, to) !== 0 }
/** A byte that says nothing as long as it is as usual. */
export function unless(usual: number): Codec {
  return {
    write: u8.write,
    read: (bytes, from, to) => {
      const value = readU8(bytes, from, to)
      return value === usual ? undefined : value
    },
  }
}
/** In the network's order of bytes. */
export const be16: Codec = {
  write: (w, type, value) => writeRaw(w, type, Uint8Array.of(Number(value) >> 8, Number(value) & 255)),
  read: (bytes, from, to) => need(bytes, from, to, 2).readUInt16BE(from),
}

/** 0: there is none. */
export const be32: Codec = {
  write: (w, type, value) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(Number(value))
    writeRaw(w, type, bytes)
  },
  read: (bytes, from, to) => need(bytes, from, to, 4).readUInt32BE(from) || undefined,
}

function need(bytes: Buffer, from: number, to: number, size: number): Buffer {
  if (to - from < size) throw new WireError(`a value of ${to - from} bytes, where ${size} were expected`)
  return bytes
}

/** A number that has a word. One without a word that this program knows is told as it is. */
export function words(codec: Codec, numbers: { readonly [word: string]: number }): Codec {
  const names = new Map(Object.entries(numbers).map(([word, number]) => [number, word]))
  return {
    write: (w, type, value) => codec.write(w, type, numbers[String(value)] ?? Number(value)),
    read: (bytes, from, to) => {
      const number = codec.read(bytes, from, to)
      return names.get(number as number) ?? number
    },
  }
}

/** An IPv4 address; `is` says which of those that the attribute may hold are meant. */
export function ipv4(is: (text: string) => boolean): Codec {
  return {
    write: (w, type, value) => writeRaw(w, type, ipBytes(ipOf(String(value), 4))),
    read: (bytes, from, to) => {
      const text = readIp(bytes, from, to, AF_INET)
      return is(text) ? text : undefined
    },
  }
}

export const ipv6: Codec = {
  write: (w, type, value) => writeRaw(w, type, ipBytes(ipOf(String(value), 6))),
  read: (bytes, from, to) => {
    const text = readIp(bytes, from, to, AF_INET6)
    return text === "::" ? undefined : text
  },
}

export const isSet = (text: string) => text !== "0.0.0.0"
/** 224.0.0.0/4. RFC 5771 */
export const isGroup = (text: string) => Number(text.split(".")[0]) >> 4 === 14
