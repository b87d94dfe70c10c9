import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { DiagnosticError, error } from "../base/diagnostic.ts"
import { errnoOf } from "./errno.ts"

/**
 * libstack.so, function by function (native/lib/stack.h says what each does). Each returns >= 0 or -errno and none throws
 * for what the kernel or a caller's text did; a number outside its range is a bug of ours and throws.
 */
export interface Ffi {
  nlOpen(rcvbuf: number): number
  nlOpenNetfilter(rcvbuf: number): number
  nlOpenIn(nsPath: string, rcvbuf: number): number
  /** Of NETLINK_GENERIC; "": of this namespace. */
  nlOpenGenericIn(nsPath: string, rcvbuf: number): number
  nlTransact(fd: number, req: Uint8Array, out: Uint8Array, timeoutMs: number): number
  /** `out`: 8 bytes, a u64. */
  nlCookie(fd: number, out: Uint8Array): number
  /** nlTransact beside what the caller does meanwhile: a descriptor that can be read when it is done. `room`: for the answers. */
  nlBegin(fd: number, req: Uint8Array, room: number, timeoutMs: number): number
  /** Its answer; `out` has that room. */
  nlEnd(done: number, out: Uint8Array): number
  /** Reads places in namespaces beside what the caller does meanwhile: for each the namespace's file and a path, or "" for `req`, both ended by NUL. `kept`: what is kept of the answers (native/lib/trim.c). */
  visitsBegin(places: Uint8Array, req: Uint8Array, kept: Uint8Array, rcvbuf: number, timeoutMs: number): number
  /** For each place an i32 length or -errno, then the bytes; -ENOBUFS: again, with more room. */
  visitsEnd(slot: number, out: Uint8Array): number
  /** Starts a monitor beside what the caller does meanwhile: its status pipe, which has something to say when there is one, or none will be. */
  spawnBegin(monitor: string, title: string, cgroup2: string, record: Uint8Array): number
  /** What there is of it then. `out`: `SPAWNED_BYTES`. */
  spawnEnd(statusFd: number, out: Uint8Array): number
  become(monitor: string, record: Uint8Array): number
  /** `argv`, `environment`: words, each ended by NUL. Comes back only with -errno. */
  exec(path: string, argv: Uint8Array, environment: Uint8Array): number
  /** `pollfds`: `count` times struct pollfd of 8 bytes {i32 fd, i16 events, i16 revents}. */
  poll(pollfds: Uint8Array, count: number, timeoutMs: number): number
  read(fd: number, out: Uint8Array): number
  go(goFd: number): number
  open(path: string, flags: number, mode: number): number
  close(fd: number): number
  pidfdOpen(pid: number, startTime: string): number
  /** To exactly this process, or -ESRCH. */
  signal(pid: number, startTime: string, signal: number): number
  /** `limit`: struct rlimit64. -ESRCH where it is not this process. */
  setLimit(pid: number, startTime: string, resource: number, limit: Uint8Array): number
  reap(pid: number): number
  /** `ns1`, `ns2`: nsfs files, or "". */
  readIn(ns1: string, ns2: string, path: string, out: Uint8Array): number
  writeIn(ns1: string, ns2: string, path: string, data: Uint8Array): number
  /** A file at a place of a process's root, in its mount namespace. "" for `source`: only what of `folder`'s file system is there goes. */
  mountFile(pid: number, startTime: string, source: string, target: string, folder: string): number
  /** `numbers`: u32 flags, propagation, idmapped, uid, gid. "" for `source`: a tmpfs, of `data`. */
  mountIn(pid: number, startTime: string, source: string, target: string, data: string, numbers: Uint8Array): number
  unmountIn(pid: number, startTime: string, source: string, target: string): number
  /** `paths`: each ended by NUL. */
  readFiles(paths: Uint8Array, out: Uint8Array): number
  /** u32 uid, gid, mode, then the text of a regular file that a process with this root sees at `path`. */
  readInside(root: string, path: string, out: Uint8Array): number
  /** `socket`: of a process that makes connections for this one (native/rootless/dialer.c). */
  dialBegin(socket: number, host: string, port: string): number
  /** The connection. `out`: 124 bytes of words, ended by NUL. */
  dialEnd(socket: number, out: Uint8Array): number
  lock(path: string): number
  /** `rm -r`; -EXDEV where something is mounted in it. */
  removeTree(path: string): number
  /** removeTree of each path, ended by NUL, beside what the caller does meanwhile: a descriptor that can be read when all is done. */
  removalsBegin(paths: Uint8Array): number
  /** For each path an i32, 0 or -errno. */
  removalsEnd(done: number, out: Uint8Array): number
  /** `chattr +T`, where the file system knows it. */
  spread(path: string): number
  /** A descriptor of a new tap device; `owner`, `group`: -1 is any. */
  tapOpen(nsPath: string, name: string, many: number, owner: number, group: number): number
  /** It outlives its descriptor. */
  tapKeep(fd: number): number
  /** Each frame behind its length, two bytes. */
  sendFrames(nsPath: string, link: string, frames: Uint8Array): number
  /** A descriptor of a program that allows devices. */
  deviceLoad(name: string, code: Uint8Array): number
  /** Attaches it to a group, in the place of one whose name begins with `mark`. */
  deviceAttach(folder: string, program: number, name: string, mark: string): number
  /** `folders`: each ended by NUL. For each an i32 count or -errno, then so many names of 16 bytes. */
  devicePrograms(folders: Uint8Array, out: Uint8Array): number
}

/** i32 pid, pidfd, go pipe; then the start time as text, NUL-padded to 24 bytes. */
export const SPAWNED_BYTES = 36

/** STK_ABI in stack.h. */
const ABI = 13

type FfiRs = typeof import("ffi-rs")

/** Parameters by function: i is I32, s is String, b is bytes. */
const SIGNATURES = {
  stk_abi: "",
  stk_nl_open: "i",
  stk_nl_open_netfilter: "i",
  stk_nl_open_in: "si",
  stk_nl_open_generic_in: "si",
  stk_nl_transact: "ibibii",
  stk_nl_cookie: "ibi",
  stk_nl_begin: "ibiii",
  stk_nl_end: "ibi",
  stk_visits_begin: "bibibiii",
  stk_visits_end: "ibi",
  stk_spawn_begin: "sssbi",
  stk_spawn_end: "ibi",
  stk_become: "sbi",
  stk_exec: "sbibi",
  stk_poll: "bii",
  stk_read: "ibi",
  stk_go: "i",
  stk_open: "sii",
  stk_close: "i",
  stk_pidfd_open: "is",
  stk_signal: "isi",
  stk_set_limit: "isib",
  stk_reap: "i",
  stk_read_in: "sssbi",
  stk_write_in: "sssbi",
  stk_mount_file: "issss",
  stk_mount_in: "issssbi",
  stk_unmount_in: "isss",
  stk_read_files: "bibi",
  stk_read_inside: "ssbi",
  stk_dial_begin: "iss",
  stk_dial_end: "ibi",
  stk_lock: "s",
  stk_remove_tree: "s",
  stk_removals_begin: "bi",
  stk_removals_end: "ibi",
  stk_spread: "s",
  stk_tap_open: "ssiii",
  stk_tap_keep: "i",
  stk_send_frames: "ssbi",
  stk_device_load: "sbi",
  stk_device_attach: "siss",
  stk_device_programs: "bibi",
} as const

type Name = keyof typeof SIGNATURES
type Native = { readonly [N in Name]: (values: unknown[]) => number }

/** The folder of libstack.so and stack-monitor: beside the bundle, or the build folder of a source tree. */
export function nativeFolder(): string {
  const here = fileURLToPath(new URL(".", import.meta.url))
  const folder = [here, join(here, "../../native/build")].find((f) => existsSync(join(f, "libstack.so")))
  if (folder === undefined) throw notBuilt(`no libstack.so in ${here}`)
  return folder
}

function notBuilt(detail: string): DiagnosticError {
  return new DiagnosticError(error("not-built", "the native part of stack is not built", { detail, hint: "run: npm run build" }))
}

/** Nothing is loaded until a function is called for the first time. `folder`: as `nativeFolder` finds it, if not given. */
export function openFfi(folder?: string): Ffi {
  let native: Native | undefined
  const call = (name: Name, ...values: (number | string | Uint8Array)[]): number => {
    native ??= loadNative(folder ?? nativeFolder())
    return checkedCall(native, name, values)
  }
  return {
    nlOpen: (rcvbuf) => call("stk_nl_open", rcvbuf),
    nlOpenNetfilter: (rcvbuf) => call("stk_nl_open_netfilter", rcvbuf),
    nlOpenGenericIn: (nsPath, rcvbuf) => call("stk_nl_open_generic_in", nsPath, rcvbuf),
    nlOpenIn: (nsPath, rcvbuf) => call("stk_nl_open_in", nsPath, rcvbuf),
    nlTransact: (fd, req, out, timeoutMs) => call("stk_nl_transact", fd, req, req.length, out, out.length, timeoutMs),
    nlCookie: (fd, out) => call("stk_nl_cookie", fd, out, out.length),
    nlBegin: (fd, req, room, timeoutMs) => call("stk_nl_begin", fd, req, req.length, room, timeoutMs),
    nlEnd: (done, out) => call("stk_nl_end", done, out, out.length),
    visitsBegin: (places, req, kept, rcvbuf, timeoutMs) =>
      call("stk_visits_begin", places, places.length, req, req.length, kept, kept.length, rcvbuf, timeoutMs),
    visitsEnd: (slot, out) => call("stk_visits_end", slot, out, out.length),
    spawnBegin: (monitor, title, cgroup2, record) => call("stk_spawn_begin", monitor, title, cgroup2, record, record.length),
    spawnEnd: (statusFd, out) => call("stk_spawn_end", statusFd, out, out.length),
    become: (monitor, record) => call("stk_become", monitor, record, record.length),
    exec: (path, argv, environment) => call("stk_exec", path, argv, argv.length, environment, environment.length),
    poll: (pollfds, count, timeoutMs) => {
      if (pollfds.length < count * 8) throw new RangeError("fewer pollfds than counted")
      return call("stk_poll", pollfds, count, timeoutMs)
    },
    read: (fd, out) => call("stk_read", fd, out, out.length),
    go: (goFd) => call("stk_go", goFd),
    open: (path, flags, mode) => call("stk_open", path, flags, mode),
    close: (fd) => call("stk_close", fd),
    pidfdOpen: (pid, startTime) => call("stk_pidfd_open", pid, startTime),
    signal: (pid, startTime, signal) => call("stk_signal", pid, startTime, signal),
    setLimit: (pid, startTime, resource, limit) => {
      if (limit.length !== 16) throw new RangeError("no struct rlimit64")
      return call("stk_set_limit", pid, startTime, resource, limit)
    },
    reap: (pid) => call("stk_reap", pid),
    readIn: (ns1, ns2, path, out) => call("stk_read_in", ns1, ns2, path, out, out.length),
    writeIn: (ns1, ns2, path, data) => call("stk_write_in", ns1, ns2, path, data, data.length),
    mountFile: (pid, startTime, source, target, folder) => call("stk_mount_file", pid, startTime, source, target, folder),
    mountIn: (pid, startTime, source, target, data, numbers) =>
      call("stk_mount_in", pid, startTime, source, target, data, numbers, numbers.length),
    unmountIn: (pid, startTime, source, target) => call("stk_unmount_in", pid, startTime, source, target),
    readFiles: (paths, out) => call("stk_read_files", paths, paths.length, out, out.length),
    readInside: (root, path, out) => call("stk_read_inside", root, path, out, out.length),
    dialBegin: (socket, host, port) => call("stk_dial_begin", socket, host, port),
    dialEnd: (socket, out) => call("stk_dial_end", socket, out, out.length),
    lock: (path) => call("stk_lock", path),
    removeTree: (path) => call("stk_remove_tree", path),
    removalsBegin: (paths) => call("stk_removals_begin", paths, paths.length),
    removalsEnd: (done, out) => call("stk_removals_end", done, out, out.length),
    spread: (path) => call("stk_spread", path),
    tapOpen: (nsPath, name, many, owner, group) => call("stk_tap_open", nsPath, name, many, owner, group),
    tapKeep: (fd) => call("stk_tap_keep", fd),
    sendFrames: (nsPath, link, frames) => call("stk_send_frames", nsPath, link, frames, frames.length),
    deviceLoad: (name, code) => call("stk_device_load", name, code, code.length),
    deviceAttach: (folder, program, name, mark) => call("stk_device_attach", folder, program, name, mark),
    devicePrograms: (folders, out) => call("stk_device_programs", folders, folders.length, out, out.length),
  }
}

/**
 * ffi-rs cuts numbers and texts without a word and aborts on bytes that are not a Buffer: so each value is looked at
 * before. A text with a NUL cannot be what its caller means: the kernel's answer to that is EINVAL.
 */
function checkedCall(native: Native, name: Name, values: (number | string | Uint8Array)[]): number {
  const signature: string = SIGNATURES[name]
  for (const [i, value] of values.entries()) {
    if (typeof value === "string" && value.includes("\0")) return -errnoOf("EINVAL")
    if (kindOf(value) !== signature[i]) throw new RangeError(`${name}: parameter ${i + 1} is not ${signature[i]}`)
    if (value instanceof Uint8Array && !Buffer.isBuffer(value)) values[i] = Buffer.from(value.buffer, value.byteOffset, value.length)
  }
  return native[name](values)
}

function kindOf(value: unknown): string {
  if (typeof value === "string") return "s"
  if (value instanceof Uint8Array) return "b"
  return typeof value === "number" && (value | 0) === value ? "i" : "?"
}

function loadNative(folder: string): Native {
  const ffi = importFfiRs()
  const library = join(folder, "libstack.so")
  if (!existsSync(library)) throw notBuilt(`no ${library}`)
  const type = { i: ffi.DataType.I32, s: ffi.DataType.String, b: ffi.DataType.U8Array }
  const retType = ffi.DataType.I32
  // ffi-rs writes into the descriptions it is given: each function has one of its own, used once.
  const functions = Object.entries(SIGNATURES).map(([name, signature]) => {
    const paramsType = [...signature].map((c) => type[c as keyof typeof type])
    return [name, { library, retType, paramsType }] as const
  })
  try {
    ffi.open({ library, path: library })
    const native = ffi.define(Object.fromEntries(functions)) as unknown as Native
    if (native.stk_abi([]) === ABI) return native
  } catch (e) {
    throw notBuilt(`${library}: ${(e as Error).message}`)
  }
  throw notBuilt(`${library} is of another version`)
}

/**
 * ffi-rs asks `process.report` whether libc is musl, which costs 6 ms and more with every link of the host. It is told
 * glibc first; where its module for glibc is not installed, it may ask for itself.
 */
function importFfiRs(): FfiRs {
  const require = createRequire(import.meta.url)
  const report = process.report as unknown as { getReport(): unknown }
  const getReport = report.getReport
  report.getReport = () => ({ header: { glibcVersionRuntime: "2" } })
  try {
    return require("ffi-rs") as FfiRs
  } catch {
    report.getReport = getReport
  } finally {
    report.getReport = getReport
  }
  try {
    return require("ffi-rs") as FfiRs
  } catch (e) {
    throw new DiagnosticError(
      error("not-installed", "the module ffi-rs cannot be loaded", { detail: (e as Error).message, hint: "run: npm ci" }),
    )
  }
}
