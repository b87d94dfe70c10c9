import { errnoName } from "./errno.ts"
import type { Ffi } from "./ffi.ts"
import { KernelError } from "./kernel.ts"
import type { WhenReadable } from "./poller.ts"

/** struct answer in native/rootless/dialer.c. */
const WORDS = 124

/** One after the other: the process that dials answers in the order in which it is asked. */
export function openDialer(ffi: Ffi, readable: WhenReadable): (socket: number, host: string, port: number) => Promise<number> {
  let last: Promise<unknown> = Promise.resolve()
  const dial = async (socket: number, host: string, port: number): Promise<number> => {
    const words = Buffer.alloc(WORDS)
    let result = ffi.dialBegin(socket, host, String(port))
    if (result >= 0) {
      await readable(socket)
      result = ffi.dialEnd(socket, words)
    }
    if (result < 0) throw new KernelError(`connect to ${host}:${port}`, errnoName(result), words.toString("utf8").replace(/\0.*/s, ""))
    return result
  }
  return (socket, host, port) => {
    const next = last.then(() => dial(socket, host, port))
    last = next.catch(() => {})
    return next
  }
}
