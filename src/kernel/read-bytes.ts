import { closeSync, openSync, readSync } from "node:fs"

/** Up to so many bytes of a file from there. Throws what node:fs throws. */
export function readBytes(path: string, offset: number, length: number): Uint8Array {
  const fd = openSync(path, "r")
  try {
    const bytes = Buffer.alloc(length)
    let have = 0
    for (let count = 1; count > 0 && have < length; have += count) count = readSync(fd, bytes, have, length - have, offset + have)
    return bytes.subarray(0, have)
  } finally {
    closeSync(fd)
  }
}
