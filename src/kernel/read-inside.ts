import { errnoName } from "./errno.ts"
import type { Ffi } from "./ffi.ts"
import type { InsideFile } from "./kernel.ts"
import { KernelError } from "./kernel.ts"
import { ABSENT } from "./refused.ts"

/** u32 uid, gid, mode. */
const ABOUT = 12

/** What else there may be instead of a file: a folder, a FIFO, a circle of links, a file system that does not let its reader in. */
const NO_FILE: ReadonlySet<string> = new Set([...ABSENT, "EINVAL", "ELOOP", "EACCES", "EXDEV"])

export function readInside(ffi: Ffi, root: string, path: string, length: number): InsideFile | null {
  const room = Buffer.alloc(ABOUT + length)
  const used = ffi.readInside(root, path, room)
  if (used < 0) {
    const errno = errnoName(used)
    if (NO_FILE.has(errno)) return null
    throw new KernelError(`read ${root}${path}`, errno)
  }
  return { bytes: room.subarray(ABOUT, used), uid: room.readUInt32LE(0), gid: room.readUInt32LE(4), mode: room.readUInt32LE(8) }
}
