import type { Ffi } from "../src/kernel/ffi.ts"

const MESSAGE_HEADER = 16
/** An acknowledgement: the header, the errno 0, and the request's header. */
const ACK_BYTES = 36
const NLMSG_ERROR = 2
const POLLFD = 8
const REVENTS = 6
const POLLIN = 1
const PARKED = 1
const ENOENT = -2
const EAGAIN = -11

/**
 * A native side that says yes to everything and does nothing: with it the build has V8 compile what an apply on a real kernel runs,
 * without a kernel that it could change.
 */
export function quietFfi(): Ffi {
  let next = 100
  const descriptor = () => next++
  let later = Buffer.alloc(0)
  return {
    nlOpen: descriptor,
    nlOpenNetfilter: descriptor,
    nlOpenGenericIn: descriptor,
    nlOpenIn: descriptor,
    nlTransact: (_fd, request, out) => acknowledge(Buffer.from(request), Buffer.from(out.buffer, out.byteOffset, out.length)),
    nlCookie: (_fd, out) => out.length,
    nlBegin: (_fd, request) => {
      later = Buffer.alloc(request.length * 4)
      later = later.subarray(0, acknowledge(Buffer.from(request), later))
      return descriptor()
    },
    nlEnd: (_done, out) => {
      out.set(later)
      return later.length
    },
    visitsBegin: () => EAGAIN,
    visitsEnd: () => EAGAIN,
    spawnBegin: descriptor,
    spawnEnd: (_statusFd, out) => spawned(out, descriptor),
    become: () => ENOENT,
    exec: () => ENOENT,
    poll: (pollfds, count) => {
      for (let i = 0; i < count; i++) pollfds[i * POLLFD + REVENTS] = POLLIN
      return count
    },
    read: (_fd, out) => parked(Buffer.from(out.buffer, out.byteOffset, out.length)),
    go: () => 1,
    open: descriptor,
    close: () => 0,
    pidfdOpen: descriptor,
    signal: () => 0,
    setLimit: () => 0,
    reap: () => 0,
    readIn: () => 0,
    writeIn: () => 0,
    mountFile: () => 0,
    mountIn: () => 0,
    unmountIn: () => 0,
    readFiles: () => 0,
    readInside: () => -1,
    dialBegin: () => 0,
    dialEnd: descriptor,
    lock: descriptor,
    removeTree: () => 0,
    removalsBegin: () => EAGAIN,
    removalsEnd: () => EAGAIN,
    spread: () => 0,
    deviceLoad: descriptor,
    deviceAttach: () => 0,
    tapOpen: () => 0,
    tapKeep: () => 0,
    sendFrames: () => 0,
    devicePrograms: () => 0,
  }
}

/** Each message of the request, in the order of their numbers. netlink(7) */
function acknowledge(request: Buffer, out: Buffer): number {
  let used = 0
  for (let at = 0; at < request.length; ) {
    const length = request.readUInt32LE(at)
    out.fill(0, used, used + ACK_BYTES)
    out.writeUInt32LE(ACK_BYTES, used)
    out.writeUInt16LE(NLMSG_ERROR, used + 4)
    out.writeUInt32LE(request.readUInt32LE(at + 8), used + 8)
    request.copy(out, used + MESSAGE_HEADER + 4, at, at + MESSAGE_HEADER)
    used += ACK_BYTES
    at += (length + 3) & ~3
  }
  return used
}

/** As stk_spawn_end fills it: pid, pidfd, go pipe. */
function spawned(out: Uint8Array, descriptor: () => number): number {
  const words = Buffer.from(out.buffer, out.byteOffset, out.length)
  for (const [i, value] of [process.pid, descriptor(), descriptor()].entries()) words.writeInt32LE(value, i * 4)
  words.write("1", 12, "latin1")
  return 0
}

function parked(out: Buffer): number {
  out.fill(0, 0, 16)
  out.writeUInt32LE(PARKED, 0)
  out.writeUInt32LE(process.pid, 4)
  return 16
}
