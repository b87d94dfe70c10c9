import { KernelError } from "../kernel.ts"

/** Both records begin with it: "STK1". */
export const MAGIC = 0x314b5453
export const MODE_RUN = 0
export const MODE_EXEC = 1

const U64_MAX = (1n << 64n) - 1n
const NOTHING = new Uint8Array(0)

/**
 * Writes the parts of a launch record, little-endian: u32, u64, text (u32 bytes, the bytes, NUL), list (u32 count, the items). They are
 * kept as text of one character a byte and become bytes once, at the end: a record has hundreds of small parts.
 */
export class RecordWriter {
  #written = ""

  u32(value: number, what: string): this {
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) throw invalid(`${what} is no number of 32 bits: ${value}`)
    this.#written += fourBytes(value)
    return this
  }

  /** A decimal text, or `max`, as setrlimit(2) has it. */
  u64(text: string, what: string): this {
    const value = text === "max" ? U64_MAX : /^\d{1,20}$/.test(text) ? BigInt(text) : -1n
    if (value < 0n || value > U64_MAX) throw invalid(`${what} is no number of 64 bits: ${text}`)
    this.#written += fourBytes(Number(value & 0xffffffffn)) + fourBytes(Number(value >> 32n))
    return this
  }

  /** A NUL would end the text early for the kernel: it is refused. */
  text(text: string, what: string): this {
    this.#written += WRITTEN.get(text) ?? writtenText(text, what)
    return this
  }

  /** As they are. */
  raw(bytes: Uint8Array = NOTHING): this {
    this.#written += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1")
    return this
  }

  list<T>(items: readonly T[], what: string, write: (item: T, what: string) => void): this {
    this.u32(items.length, what)
    for (const item of items) write(item, what)
    return this
  }

  texts(items: readonly string[], what: string): this {
    return this.list(items, what, (item) => this.text(item, what))
  }

  bytes(): Buffer {
    return Buffer.from(this.#written, "latin1")
  }
}

/** What the records of a stack's containers have in common, which is most of what is in them: it is made once. */
const WRITTEN = new Map<string, string>()
const MOST_WRITTEN = 1000

function writtenText(text: string, what: string): string {
  if (text.includes("\0")) throw invalid(`a NUL byte in ${what}`)
  const length = Buffer.byteLength(text)
  const written = `${fourBytes(length)}${length === text.length ? text : Buffer.from(text).toString("latin1")}\0`
  if (WRITTEN.size < MOST_WRITTEN) WRITTEN.set(text, written)
  return written
}

function fourBytes(value: number): string {
  return String.fromCharCode(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24)
}

function invalid(text: string): KernelError {
  return new KernelError("write the launch record", "EINVAL", text)
}
