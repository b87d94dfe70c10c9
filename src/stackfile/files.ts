import { closeSync, fstatSync, openSync, readSync } from "node:fs"
import { isAbsolute, join, relative, resolve } from "node:path"
import { HEX } from "../base/hex.ts"
import { MAX_SIZE } from "./bounds.ts"
import type { SourceFile } from "./source.ts"

/** A file's text, or why there is none. */
export type FileText = { text: string } | Unread

export interface Unread {
  code: string
  summary: string
  hint: string
  /** The text as far as it is one, and the offset in it of the first byte that is no UTF-8. */
  spoilt?: { text: string; at: number; byte: string }
}

/** A text file of at most a mebibyte, in UTF-8. A pipe is read only if `pipes` says so: an endless one must not hang an include. */
export function readText(path: string, shown: string, pipes = false): FileText {
  let fd: number | undefined
  try {
    fd = openSync(path, "r")
    const status = fstatSync(fd)
    if (status.isDirectory()) return { code: "not-a-file", summary: `${shown} is a folder`, hint: "name a file" }
    if (!status.isFile() && !pipes) return { code: "not-a-file", summary: `${shown} is not a regular file`, hint: "name a file" }
    return decoded(bytesOf(fd), shown)
  } catch (failure) {
    return unreadable(failure as NodeJS.ErrnoException, shown)
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function bytesOf(fd: number): Buffer {
  const buffer = Buffer.allocUnsafe(MAX_SIZE + 1)
  let length = 0
  while (length < buffer.length) {
    const count = readSync(fd, buffer, length, buffer.length - length, null)
    if (count === 0) break
    length += count
  }
  return buffer.subarray(0, length)
}

function unreadable({ code, message }: NodeJS.ErrnoException, shown: string): Unread {
  if (code === "ENOENT")
    return {
      code: "no-file",
      summary: `${shown} is not there`,
      hint: "check the path: it starts from the folder of the file that names it",
    }
  if (code === "EACCES")
    return {
      code: "unreadable-file",
      summary: `${shown} may not be read (EACCES)`,
      hint: "check the permissions of the file and of the folders above it",
    }
  return { code: "unreadable-file", summary: `${shown} cannot be read: ${code ?? message}`, hint: "name a text file" }
}

/** Refuses what is too large and what is no UTF-8. A byte order mark is dropped. */
export function decoded(bytes: Buffer, shown: string): FileText {
  if (bytes.length > MAX_SIZE) {
    return { code: "too-large", summary: `${shown} is larger than 1 MiB`, hint: "split it with `include`, or use `replicas`" }
  }
  // A TextDecoder would do both at once, but takes six milliseconds to load its tables.
  const text = bytes.toString("utf8")
  if (text.includes("\ufffd") && !Buffer.from(text).equals(bytes)) return notUtf8(bytes, text, shown)
  return { text: text.startsWith("\ufeff") ? text.slice(1) : text }
}

function notUtf8(bytes: Buffer, text: string, shown: string): Unread {
  const spoilt = firstBadByte(bytes, text)
  const before = text.slice(0, spoilt.at)
  const place = `${before.split("\n").length}:${spoilt.at - before.lastIndexOf("\n")}`
  return { code: "not-utf8", summary: `${shown} is not UTF-8: byte ${spoilt.byte} at ${place}`, hint: "save it as UTF-8", spoilt }
}

function firstBadByte(bytes: Buffer, text: string): NonNullable<Unread["spoilt"]> {
  for (let at = text.indexOf("\ufffd"); at >= 0; at = text.indexOf("\ufffd", at + 1)) {
    const offset = Buffer.byteLength(text.slice(0, at))
    if (bytes.subarray(offset, offset + 3).equals(Buffer.from("\ufffd"))) continue
    return { text, at, byte: `0x${HEX[bytes[offset] ?? 0]}` }
  }
  return { text, at: text.length - 1, byte: `0x${HEX[bytes.at(-1) ?? 0]}` }
}

/** A path as messages show it: from the working folder, unless that is longer. */
export function shownPath(path: string, cwd: string): string {
  const short = relative(cwd, path)
  return short === "" || short.length > path.length ? path : short
}

export function sourceFile(path: string, cwd: string, text: string): SourceFile {
  return { name: shownPath(path, cwd), folder: join(path, ".."), text }
}

export function absolutePath(folder: string, path: string): string {
  return isAbsolute(path) ? resolve(path) : resolve(folder, path)
}
