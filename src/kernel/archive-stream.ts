import { createHash } from "node:crypto"
import { createReadStream, createWriteStream } from "node:fs"
import type { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { Part } from "./archives.ts"
import { codeOf } from "./files.ts"
import { KernelError } from "./kernel.ts"

/** Bytes that go on their way together. */
export const PIECE = 1 << 18

/** A file, or a part of it. */
export function openArchive(path: string, part?: Part): Readable {
  const range = part === undefined ? {} : { start: part.offset, end: part.offset + part.length - 1 }
  return createReadStream(path, { highWaterMark: PIECE, ...range })
}

/** In hexadecimal digits. */
export async function sha256(path: string, part?: Part): Promise<string> {
  const hash = createHash("sha256")
  if (part?.length === 0) return hash.digest("hex")
  try {
    for await (const chunk of openArchive(path, part)) hash.update(chunk as Uint8Array)
  } catch (e) {
    throw new KernelError(`read ${path}`, codeOf(e))
  }
  return hash.digest("hex")
}

/** What the source throws comes through as it is; what the file does is a refusal of the kernel. */
export async function append(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const file = createWriteStream(path, { flags: "a", mode: 0o600 })
  let refusal: KernelError | undefined
  file.on("error", (e) => {
    refusal = new KernelError(`write ${path}`, codeOf(e))
  })
  try {
    await pipeline(chunks, file)
  } catch (e) {
    throw refusal ?? e
  }
}
