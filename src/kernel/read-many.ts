import { errnoName, errnoOf } from "./errno.ts"
import type { Ffi } from "./ffi.ts"
import type { Kernel } from "./kernel.ts"
import { KernelError } from "./kernel.ts"
import { RECEIVE_BUFFER, TIMEOUT_MS } from "./netlink/conn.ts"
import { namespaceRequest } from "./netlink/namespace.ts"
import { isAbsent, refused } from "./refused.ts"

/** Room for one small file; the room for all is kept from call to call, and doubled when it was not enough. */
const ROOM_EACH = 512
const NOTHING = new Uint8Array(0)

/** Many files by one native call. */
export function manyReader(ffi: Ffi): Kernel["readMany"] {
  let room = Buffer.allocUnsafe(0)
  return (paths) => {
    if (paths.length === 0) return []
    requireTexts(paths)
    const names = Buffer.from(`${paths.join("\0")}\0`)
    if (room.length < paths.length * ROOM_EACH) room = Buffer.allocUnsafe(Math.max(65536, paths.length * ROOM_EACH))
    let used = ffi.readFiles(names, room)
    while (used === -errnoOf("ENOBUFS")) {
      room = Buffer.allocUnsafe(room.length * 2)
      used = ffi.readFiles(names, room)
    }
    refused("read many files", used)
    return splitTexts(paths, room)
  }
}

function requireTexts(paths: readonly string[]): void {
  const nul = paths.find((path) => path.includes("\0"))
  if (nul !== undefined) throw new KernelError(`read ${nul.replaceAll("\0", "\\0")}`, "EINVAL")
}

/** The same by a thread (libstack's round through namespaces, where "" is none). What it cannot bring is read when it is asked for. */
export function manyReaderBeside(ffi: Ffi, readMany: Kernel["readMany"]): Kernel["readBeside"] {
  return (paths) => {
    requireTexts(paths)
    const named = paths.filter((path) => path !== "")
    const places = named.map((path) => `\0${path}\0`).join("")
    // The request is for places without a path, of which there is none.
    const slot = named.length === 0 ? -1 : ffi.visitsBegin(Buffer.from(places), namespaceRequest(1), NOTHING, RECEIVE_BUFFER, TIMEOUT_MS)
    return () => {
      const texts = slot < 0 ? readMany(named) : gather(ffi, slot, named, readMany)
      let at = 0
      return paths.map((path) => (path === "" ? null : (texts[at++] ?? null)))
    }
  }
}

function gather(ffi: Ffi, slot: number, paths: readonly string[], readMany: Kernel["readMany"]): (string | null)[] {
  let room = Buffer.allocUnsafe(Math.max(65536, paths.length * ROOM_EACH))
  let used = ffi.visitsEnd(slot, room)
  while (used === -errnoOf("ENOBUFS")) {
    room = Buffer.allocUnsafe(room.length * 2)
    used = ffi.visitsEnd(slot, room)
  }
  return used < 0 ? readMany(paths) : splitTexts(paths, room, (path) => readMany([path])[0] ?? null)
}

/** For each path an i32 length or -errno, then the bytes. A path that begins with `@` is a link to be read, one with `%` or `+` a folder to be listed. `cut`: for a text there was no room for. */
function splitTexts(paths: readonly string[], bytes: Buffer, cut?: (path: string) => string | null): (string | null)[] {
  let at = 0
  return paths.map((path) => {
    const length = bytes.readInt32LE(at)
    at += 4
    if (length >= 0) {
      at += length
      return bytes.toString("utf8", at - length, at)
    }
    if (cut !== undefined && length === -errnoOf("ENOBUFS")) return cut(path)
    if (isAbsent(length) || (path.startsWith("@") && length === -errnoOf("EINVAL"))) return null
    throw new KernelError(wordsOf(path), errnoName(length))
  })
}

function wordsOf(path: string): string {
  if (path.startsWith("@")) return `readlink ${path.slice(1)}`
  return path.startsWith("%") || path.startsWith("+") ? `ls ${path.slice(1)}` : `read ${path}`
}
