/** Bytes that are no netlink message, or values that do not fit into one. */
export class WireError extends Error {}

export const MESSAGE_HEADER = 16
const U16_MAX = 0xffff

/** Every header and attribute starts at a multiple of four (NLMSG_ALIGNTO, RTA_ALIGNTO). */
export function aligned(length: number): number {
  return (length + 3) & ~3
}

/**
 * Writes netlink messages one behind the other into one buffer, for one send. Numbers are little endian: the byte order of
 * every machine this program runs on. netlink(7)
 */
export class WireWriter {
  readonly #bytes: Buffer
  #length = 0

  constructor(capacity: number) {
    this.#bytes = Buffer.alloc(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** What was written; valid until the next `clear`. */
  written(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  clear(): void {
    this.#length = 0
  }

  /** One message: `nlmsghdr` with port id 0, then what `body` writes. A body that throws leaves nothing behind. */
  message(type: number, flags: number, sequence: number, body: () => void): void {
    const start = this.#length
    try {
      this.u32(0)
      this.u16(type)
      this.u16(flags)
      this.u32(sequence)
      this.u32(0)
      body()
      this.#bytes.writeUInt32LE(this.#length - start, start)
      this.pad()
    } catch (error) {
      this.#length = start
      throw error
    }
  }

  /** One `rtattr`: its header, then what `body` writes, then padding that its length does not count. */
  attribute(type: number, body: () => void): void {
    const start = this.#length
    this.u16(0)
    this.u16(type)
    body()
    const length = this.#length - start
    if (length > U16_MAX) throw new WireError(`attribute ${type} is ${length} bytes long`)
    this.#bytes.writeUInt16LE(length, start)
    this.pad()
  }

  u8(value: number): void {
    this.#bytes[this.#claim(1, value, 0xff)] = value
  }

  u16(value: number): void {
    this.#bytes.writeUInt16LE(value, this.#claim(2, value, U16_MAX))
  }

  u32(value: number): void {
    this.#bytes.writeUInt32LE(value, this.#claim(4, value, 0xffffffff))
  }

  /** Text and its closing NUL. */
  text(value: string): void {
    if (value.includes("\0")) throw new WireError(`"${value.replaceAll("\0", "\\0")}" holds a NUL`)
    const size = Buffer.byteLength(value)
    const at = this.#claim(size + 1, 0, 0)
    this.#bytes.write(value, at)
    this.#bytes[at + size] = 0
  }

  raw(value: Uint8Array): void {
    this.#bytes.set(value, this.#claim(value.length, 0, 0))
  }

  pad(): void {
    const end = aligned(this.#length)
    const at = this.#claim(end - this.#length, 0, 0)
    this.#bytes.fill(0, at, end)
  }

  #claim(size: number, value: number, max: number): number {
    if (!Number.isInteger(value) || value < 0 || value > max) throw new WireError(`${value} is no whole number up to ${max}`)
    const at = this.#length
    if (at + size > this.#bytes.length) throw new WireError(`more than ${this.#bytes.length} bytes`)
    this.#length = at + size
    return at
  }
}

/** One received message; its payload is `bytes[start..end)`. */
export interface Message {
  type: number
  flags: number
  sequence: number
  bytes: Buffer
  start: number
  end: number
}

/** For places that are known to be in it: of the time of a dump, `readUInt16LE` takes a tenth to look whether they are. */
export function readU16(bytes: Buffer, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
}

/** The same of 32 bits. */
function readWord(bytes: Buffer, at: number): number {
  return (readU16(bytes, at) | (readU16(bytes, at + 2) << 16)) >>> 0
}

/** Visits the messages of one reading in order. Throws WireError where a length does not fit. */
export function eachMessage(bytes: Buffer, visit: (message: Message) => void): void {
  let at = 0
  while (at < bytes.length) {
    if (bytes.length - at < MESSAGE_HEADER) throw new WireError(`${bytes.length - at} bytes are no message header`)
    const length = readWord(bytes, at)
    if (length < MESSAGE_HEADER || length > bytes.length - at)
      throw new WireError(`a message of ${length} bytes, where ${bytes.length - at} are left`)
    visit({
      type: readU16(bytes, at + 4),
      flags: readU16(bytes, at + 6),
      sequence: readWord(bytes, at + 8),
      bytes,
      start: at + MESSAGE_HEADER,
      end: at + length,
    })
    at += Math.min(aligned(length), bytes.length - at)
  }
}
