import { KernelError } from "../kernel.ts"

/** Both records begin with it: "STK1". */
export const MAGIC = 0x314b5453
export const MODE_RUN = 0
export const MODE_EXEC = 1

const FIRST_SIZE = 4096
const U64_MAX = (1n << 64n) - 1n

/** Writes the parts of a launch record, little-endian: u32, u64, text (u32 bytes, the bytes, NUL), list (u32 count, the items). */
export class RecordWriter {
  #buffer = Buffer.allocUnsafe(FIRST_SIZE)
  #used = 0

  u32(value: number, what: string): this {
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) throw invalid(`${what} is no number of 32 bits: ${value}`)
    this.#used = this.#room(4).writeUInt32LE(value, this.#used)
    return this
  }

  /** A decimal text, or `max`, as setrlimit(2) has it. */
  u64(text: string, what: string): this {
    const value = text === "max" ? U64_MAX : /^\d{1,20}$/.test(text) ? BigInt(text) : -1n
    if (value < 0n || value > U64_MAX) throw invalid(`${what} is no number of 64 bits: ${text}`)
    this.#used = this.#room(8).writeBigUInt64LE(value, this.#used)
    return this
  }

  /** A NUL would end the text early for the kernel: it is refused. */
  text(text: string, what: string): this {
    if (text.includes("\0")) throw invalid(`a NUL byte in ${what}`)
    const length = Buffer.byteLength(text)
    this.u32(length, what)
    const buffer = this.#room(length + 1)
    buffer.write(text, this.#used)
    buffer[this.#used + length] = 0
    this.#used += length + 1
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
    return this.#buffer.subarray(0, this.#used)
  }

  #room(count: number): Buffer {
    if (this.#used + count > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#used + count))
      this.#buffer.copy(larger, 0, 0, this.#used)
      this.#buffer = larger
    }
    return this.#buffer
  }
}

function invalid(text: string): KernelError {
  return new KernelError("write the launch record", "EINVAL", text)
}
