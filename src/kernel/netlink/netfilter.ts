import { errnoName } from "../errno.ts"
import { KernelError } from "../kernel.ts"
import type { NetlinkCalls } from "./conn.ts"
import { RECEIVE_BUFFER, TIMEOUT_MS } from "./conn.ts"

/** Without the rights, without the protocol, without the part of netfilter that is asked. */
const CLOSED = new Set(["EPERM", "EPROTONOSUPPORT", "EAFNOSUPPORT", "EINVAL", "EOPNOTSUPP"])

/** Netfilter by a socket that lasts one use: few stacks need it, and these once or twice. */
export function withSocket<T>(calls: NetlinkCalls, body: (fd: number) => T): T {
  const fd = calls.nlOpenNetfilter(RECEIVE_BUFFER)
  if (fd < 0) throw new KernelError("socket AF_NETLINK NETLINK_NETFILTER", errnoName(fd))
  try {
    return body(fd)
  } finally {
    calls.close(fd)
  }
}

/** What comes of a request; `room`: bytes for all of it. Throws KernelError with the words of the operation. */
export function receive(calls: NetlinkCalls, fd: number, op: string, request: Uint8Array, room: number): Buffer {
  const out = Buffer.allocUnsafeSlow(room)
  const received = calls.nlTransact(fd, request, out, TIMEOUT_MS)
  if (received < 0) throw new KernelError(op, errnoName(received))
  return out.subarray(0, received)
}

/** What the work reads, or this where the kernel has nothing to be asked, or not by this process. */
export function unlessClosed<T, E>(work: () => T, otherwise: E): T | E {
  try {
    return work()
  } catch (failure) {
    if (failure instanceof KernelError && CLOSED.has(failure.errno)) return otherwise
    throw failure
  }
}
