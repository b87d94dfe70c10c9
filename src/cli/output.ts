import { fstatSync, readSync, writeSync } from "node:fs"
import { DiagnosticError, error } from "../base/diagnostic.ts"
import { pause } from "../base/pause.ts"

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
      if (closed) return
      // What fails is not tried again: the failure itself is told here too (`apply --json`), and telling it must not fail.
      closed = true
      closed = !writeAll(fd, typeof text === "string" ? Buffer.from(text) : text)
    },
  }
}

/** Node's module for it takes 2 ms to load: it is asked only about what may be one, and a file, pipe or /dev/null never is. */
export async function isTerminal(fd: number): Promise<boolean> {
  return mayBeTerminal(fd) && (await import("node:tty")).isatty(fd)
}

/** Major number of /dev/null, zero, full, … https://docs.kernel.org/admin-guide/devices.html */
const MEMORY_DEVICES = 1
/** Before the next attempt, where there is nothing to read yet, or no room to write. */
const AGAIN_MS = 5

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
      pause(AGAIN_MS)
    }
  }
  return true
}

/** Standard input, at most so many bytes of it. */
export function readInput(most: number): Buffer {
  const buffer = Buffer.allocUnsafe(most)
  let length = 0
  while (length < most) {
    const count = readSome(buffer, length)
    if (count === 0) break
    length += count
  }
  return buffer.subarray(0, length)
}

/** How many bytes there were; 0 at the end. */
function readSome(buffer: Buffer, at: number): number {
  for (;;) {
    try {
      return readSync(0, buffer, at, buffer.length - at, null)
    } catch (failure) {
      const { code } = failure as NodeJS.ErrnoException
      if (code === "EOF") return 0
      if (code !== "EAGAIN") throw new DiagnosticError(error("input", `standard input cannot be read: ${code}`))
      pause(AGAIN_MS)
    }
  }
}
