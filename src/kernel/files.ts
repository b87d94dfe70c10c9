import type { Stats } from "node:fs"
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs"
import { basename, dirname } from "node:path"
import { errnoName, errnoOf } from "./errno.ts"
import type { Ffi } from "./ffi.ts"
import type { Kernel } from "./kernel.ts"
import { KernelError } from "./kernel.ts"
import type { WhenReadable } from "./poller.ts"
import { readInside } from "./read-inside.ts"
import { manyReader, manyReaderBeside } from "./read-many.ts"
import { ABSENT, refused } from "./refused.ts"

/** A pipe in the place of a file, to which nobody writes, is as good as empty. */
const AT_ONCE = { encoding: "utf8", flag: (constants.O_RDONLY | constants.O_NONBLOCK) as unknown as string } as const

/** The part of the port that is files. */
export type Files = Pick<
  Kernel,
  | "read"
  | "readMany"
  | "readBeside"
  | "write"
  | "replaceFile"
  | "rewriteFile"
  | "mkdir"
  | "spread"
  | "rmdir"
  | "list"
  | "rename"
  | "removeTree"
  | "removeTreesLater"
  | "stat"
  | "lstat"
  | "readInside"
  | "inode"
  | "symlink"
  | "readLink"
  | "lock"
>

/** The part of the port that is files. Without `readable`, later is at once. */
export function openFiles(ffi: Ffi, readable: WhenReadable = () => Promise.resolve()): Files {
  const readMany = manyReader(ffi)
  return {
    read: (path) => orNull(`read ${path}`, () => readFileSync(path, AT_ONCE)),
    readMany,
    readBeside: manyReaderBeside(ffi, readMany),
    write: (path, text) => attempt(writeWords(path), () => writeOnce(path, text)),
    replaceFile: (path, text) => attempt(`write ${path}`, () => replaceFile(path, text)),
    rewriteFile: (path, text) => attempt(`write ${path}`, () => rewriteFile(path, text)),
    mkdir: makeFolder,
    symlink: makeLink,
    spread: (path) => {
      refused(`chattr +T ${path}`, ffi.spread(path))
    },
    rmdir: removeFolder,
    list: (path) => orNull(`ls ${path}`, () => readdirSync(path).sort()) ?? [],
    rename: (from, to) => attempt(`mv ${from} ${to}`, () => renameSync(from, to)),
    removeTree: (path) => {
      refused(`rm -r ${path}`, ffi.removeTree(path))
    },
    removeTreesLater: (paths) => removeTreesLater(ffi, readable, paths),
    stat: (path) => orNull(`stat ${path}`, () => shortStat(statSync(path))),
    lstat: (path) => orNull(`lstat ${path}`, () => ownStat(lstatSync(path, { throwIfNoEntry: false }))),
    readInside: (root, path, length) => readInside(ffi, root, path, length),
    inode: (path) => orNull(`stat ${path}`, () => String(statSync(path, { bigint: true }).ino)),
    readLink: (path) => orNull(`readlink ${path}`, () => readlinkSync(path), "EINVAL"),
    lock: (path) => lockFile(ffi, path),
  }
}

/** Runs work on node:fs and gives its refusal the words of what was asked. */
export function attempt<T>(op: string, work: () => T): T {
  try {
    return work()
  } catch (e) {
    if (e instanceof KernelError) throw e
    throw new KernelError(op, codeOf(e))
  }
}

/** libuv knows few errnos by name; the number is always there. A path with a NUL is refused before the kernel sees it. */
export function codeOf(e: unknown): string {
  const { code, errno } = e as NodeJS.ErrnoException
  if (errno !== undefined) return errnoName(errno)
  if (code === "ERR_INVALID_ARG_VALUE") return "EINVAL"
  throw e
}

/** Runs work on node:fs: null where the thing is not there. */
export function orNull<T>(op: string, work: () => T, alsoAbsent = ""): T | null {
  try {
    return work()
  } catch (e) {
    const code = codeOf(e)
    if (ABSENT.has(code) || code === alsoAbsent) return null
    throw new KernelError(op, code)
  }
}

function unless(errno: string, op: string, work: () => void): boolean {
  try {
    attempt(op, work)
    return true
  } catch (e) {
    if (e instanceof KernelError && e.errno === errno) return false
    throw e
  }
}

/** `write memory.max in /sys/fs/cgroup/…`, `write /proc/…` */
function writeWords(path: string): string {
  return path.startsWith("/sys/fs/cgroup/") ? `write ${basename(path)} in ${dirname(path)}` : `write ${path}`
}

function writeOnce(path: string, text: string): void {
  const bytes = typeof text === "string" ? Buffer.from(text) : text
  const fd = openSync(path, constants.O_WRONLY)
  try {
    if (writeSync(fd, bytes) !== bytes.length) throw new KernelError(writeWords(path), "EIO", "it took only a part of the text")
  } finally {
    closeSync(fd)
  }
}

/** Readers see the old text or the new one, whole; a symbolic link in its place is replaced, not followed. */
function replaceFile(path: string, text: string | Uint8Array): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const beside = `${dirname(path)}/.${basename(path)}.${process.pid}`
  const open = () => openSync(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  let fd: number
  try {
    fd = open()
  } catch (e) {
    if (codeOf(e) !== "EEXIST") throw e
    // One of our name can only be what a killed process of the same number left.
    unlinkSync(beside)
    fd = open()
  }
  try {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
    renameSync(beside, path)
  } catch (e) {
    unlinkSync(beside)
    throw e
  } finally {
    closeSync(fd)
  }
}

/** First the new text, then the end of what is longer: a reader never finds it empty. */
function rewriteFile(path: string, text: string): void {
  const { O_WRONLY, O_CREAT, O_NOFOLLOW } = constants
  const bytes = Buffer.from(text)
  const fd = openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW, 0o644)
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at)
    ftruncateSync(fd, bytes.length)
    fchmodSync(fd, 0o644)
  } finally {
    closeSync(fd)
  }
}

/** The mode is what was asked for, whatever the umask. */
function makeFolder(path: string, mode?: number): boolean {
  return unless("EEXIST", `mkdir ${path}`, () => {
    mkdirSync(path, mode)
    if (mode !== undefined) chmodSync(path, mode)
  })
}

function makeLink(path: string, to: string): boolean {
  return unless("EEXIST", `ln -s ${to} ${path}`, () => symlinkSync(to, path))
}

function removeFolder(path: string): boolean {
  return unless("ENOENT", `rmdir ${path}`, () => rmdirSync(path))
}

function ownStat(status: Stats | undefined): ReturnType<Kernel["lstat"]> {
  if (status === undefined) return null
  const type = status.isSymbolicLink() ? "link" : shortStat(status).type
  return { type, mode: status.mode & 0o7777, uid: status.uid }
}

function shortStat(status: Stats): NonNullable<ReturnType<Kernel["stat"]>> {
  const type = typeOf(status)
  const device = type.endsWith("device") ? deviceText(status.rdev) : ""
  return { type, mode: status.mode & 0o7777, uid: status.uid, gid: status.gid, device }
}

function typeOf(status: Stats): NonNullable<ReturnType<Kernel["stat"]>>["type"] {
  if (status.isFile()) return "file"
  if (status.isDirectory()) return "folder"
  if (status.isCharacterDevice()) return "char device"
  return status.isBlockDevice() ? "block device" : "other"
}

/** dev_t as `MAJOR:MINOR`: makedev(3), <sys/sysmacros.h>. */
function deviceText(device: number): string {
  const d = BigInt(device)
  const major = ((d >> 8n) & 0xfffn) | ((d >> 32n) & 0xfffff000n)
  const minor = (d & 0xffn) | ((d >> 12n) & 0xffffff00n)
  return `${major}:${minor}`
}

async function removeTreesLater(ffi: Ffi, readable: WhenReadable, paths: readonly string[]): Promise<(KernelError | null)[]> {
  if (paths.length === 0) return []
  const answer = (path: string, result: number) => (result < 0 ? new KernelError(`rm -r ${path}`, errnoName(result)) : null)
  const done = ffi.removalsBegin(Buffer.from(`${paths.join("\0")}\0`))
  // No thread for it, for whatever reason: then they are removed here and now.
  if (done < 0) return paths.map((path) => answer(path, ffi.removeTree(path)))
  await readable(done)
  const results = Buffer.alloc(paths.length * 4)
  refused("rm -r", ffi.removalsEnd(done, results))
  return paths.map((path, i) => answer(path, results.readInt32LE(i * 4)))
}

function lockFile(ffi: Ffi, path: string): { release(): void } | null {
  const fd = ffi.lock(path)
  if (fd === -errnoOf("EAGAIN")) return null
  refused(`lock ${path}`, fd)
  let held = true
  return {
    release: () => {
      if (held) ffi.close(fd)
      held = false
    },
  }
}
