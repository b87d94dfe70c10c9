import type { Transform } from "node:stream"
import { Duplex } from "node:stream"
import * as zlib from "node:zlib"
import { ArchiveError } from "./archives.ts"
import { optimise } from "./compiler.ts"

/** More than this a stream may not ask us to remember: what `zstd --long` and `xz -9` write needs less. */
const MOST_WINDOW = 128 << 20
const PIECE = 1 << 18

export type Compression = "none" | "gzip" | "xz" | "zstd"

const MAGIC: readonly (readonly [Compression | "bzip2", readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["bzip2", [0x42, 0x5a, 0x68]],
]

/** By its first bytes, whatever its name is. Throws `ArchiveError` for what nobody here can read. */
export function compressionOf(head: Uint8Array): Compression {
  const [found = "none"] = MAGIC.find(([, magic]) => magic.every((byte, i) => head[i] === byte)) ?? []
  if (found === "bzip2") throw new ArchiveError("compression", "", "bzip2")
  return found
}

/** Undefined where there is nothing to do. */
export async function decompressor(head: Uint8Array): Promise<Duplex | undefined> {
  switch (compressionOf(head)) {
    case "gzip":
      return zlib.createGunzip({ chunkSize: PIECE })
    case "xz":
      return xz()
    case "zstd":
      return zstd(head)
    case "none":
      return undefined
  }
}

/** Node's own from 22.15 on; else in JavaScript. RFC 8878 */
async function zstd(head: Uint8Array): Promise<Duplex> {
  const window = zstdWindow(head)
  if (window > MOST_WINDOW) throw new ArchiveError("window", "", `${window} bytes`)
  const own = (zlib as { createZstdDecompress?: (options: object) => Transform }).createZstdDecompress
  if (own !== undefined) return own({ chunkSize: PIECE })
  const { Decompress } = await import("fzstd")
  optimise()
  return Duplex.from(async function* (chunks: AsyncIterable<Uint8Array>) {
    let ready: Uint8Array[] = []
    const stream = new Decompress((piece) => ready.push(piece))
    for await (const chunk of chunks) {
      // A small piece of what is compressed may be a very large one of what is not.
      for (let at = 0; at < chunk.length; at += 4096) {
        stream.push(chunk.subarray(at, at + 4096))
        yield* ready
        ready = []
      }
    }
    stream.push(new Uint8Array(0), true)
    yield* ready
  })
}

/** Window_Descriptor, or the size of the contents where the frame is one segment. RFC 8878, 3.1.1.1 */
function zstdWindow(head: Uint8Array): number {
  const [descriptor = 0, window = 0] = head.subarray(4)
  if ((descriptor & 0x20) === 0) {
    const base = 2 ** (10 + (window >> 3))
    return base + (base / 8) * (window & 7)
  }
  const dictionary = [0, 1, 2, 4][descriptor & 3] as number
  const bytes = [1, 2, 4, 8][descriptor >> 6] as number
  const at = 5 + dictionary
  let size = descriptor >> 6 === 1 ? 256 : 0
  for (let i = 0; i < bytes; i++) size += (head[at + i] ?? 0) * 2 ** (8 * i)
  return size
}

/** XZ Embedded in WebAssembly: nothing of it can reach memory of this process that is not its own. */
async function xz(): Promise<Duplex> {
  const { XzReadableStream } = await import("xz-decompress")
  const { ReadableStream } = await import("node:stream/web")
  return Duplex.from(async function* (chunks: AsyncIterable<Uint8Array>) {
    const source = chunks[Symbol.asyncIterator]()
    const web = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await source.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
    })
    const reader = new XzReadableStream(web as never).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      // The next piece comes in the same memory.
      yield Buffer.from(value)
    }
  })
}
