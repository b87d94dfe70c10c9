import { fstatSync, writeSync } from "node:fs"

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

/** Node's module for it takes 2 ms to load: it is asked only about what may be one, and a file or pipe never is. */
export async function isTerminal(fd: number): Promise<boolean> {
  return isCharacterDevice(fd) && (await import("node:tty")).isatty(fd)
}

function isCharacterDevice(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice()
  } catch {
    return false
  }
}

/** False where the other end is gone. */
export function writeAll(fd: number, bytes: Uint8Array): boolean {
  let done = 0
  while (done < bytes.length) {
    try {
      done += writeSync(fd, bytes, done)
    } catch (failure) {
      const { code } = failure as NodeJS.ErrnoException
      if (code === "EPIPE" || code === "EBADF" || code === "EIO") return false
      if (code !== "EAGAIN") throw failure
      // Another holder of the pipe has made it non-blocking: its reader needs a moment.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
  return true
}
