import { fstatSync, readSync, writeSync } from "node:fs"
import { DiagnosticError, error } from "../base/diagnostic.ts"

/** Where text goes. Written at once and in order, so that nothing is lost when the process ends. */
export interface Output {
  write(text: string | Uint8Array): void
  /** A person may be watching. */
  readonly terminal: boolean
  readonly color: boolean
  /** Nobody reads any more (EPIPE): what is written is dropped. */
  readonly closed: boolean
}

/**
 * An output over a file descriptor. `process.stdout` is not used: creating it costs milliseconds of every command, and its
 * writes may still be on their way when the process exits.
 */
export async function openOutput(fd: number, wantsColor: boolean): Promise<Output> {
  const terminal = await isTerminal(fd)
  let closed = false
  return {
    terminal,
    color: terminal && wantsColor,
    get closed() {
      return closed
    },
    write(text) {
      if (!closed) closed = !writeAll(fd, typeof text === "string" ? Buffer.from(text) : text)
    },
  }
}

/** Node's module for it takes 2 ms to load: it is asked only about what may be one, and a file, pipe or /dev/null never is. */
export async function isTerminal(fd: number): Promise<boolean> {
  return mayBeTerminal(fd) && (await import("node:tty")).isatty(fd)
}

/** Major number of /dev/null, zero, full, … https://docs.kernel.org/admin-guide/devices.html */
const MEMORY_DEVICES = 1

function mayBeTerminal(fd: number): boolean {
  try {
    const status = fstatSync(fd)
    return status.isCharacterDevice() && status.rdev >> 8 !== MEMORY_DEVICES
  } catch {
    return false
  }
}

/** False where the other end is gone. Throws a DiagnosticError where nothing more can be written (ENOSPC). */
function writeAll(fd: number, bytes: Uint8Array): boolean {
  let done = 0
  while (done < bytes.length) {
    try {
      done += writeSync(fd, bytes, done)
    } catch (failure) {
      const { code } = failure as NodeJS.ErrnoException
      if (code === "EPIPE" || code === "EBADF" || code === "EIO") return false
      if (code !== "EAGAIN" && fd === 2) return false
      if (code !== "EAGAIN") throw new DiagnosticError(error("output", `standard output cannot be written: ${code}`))
      // Another holder of the pipe has made it non-blocking: its reader needs a moment.
      pause()
    }
  }
  return true
}

/** All of standard input, as text. */
export function readInput(): string {
  const parts: Buffer[] = []
  for (;;) {
    const buffer = Buffer.allocUnsafe(1 << 16)
    try {
      const length = readSync(0, buffer)
      if (length === 0) return Buffer.concat(parts).toString("utf8")
      parts.push(buffer.subarray(0, length))
    } catch (failure) {
      const { code } = failure as NodeJS.ErrnoException
      if (code === "EOF") return Buffer.concat(parts).toString("utf8")
      if (code !== "EAGAIN") throw new DiagnosticError(error("input", `standard input cannot be read: ${code}`))
      pause()
    }
  }
}

/** What is read or written synchronously has no event to wait for. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
}
