import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs"

/** Reads a log that is written, and renamed to `log.1` when it is full, at the same time. */
export class LogFile {
  readonly #path: string
  #fd: number | undefined
  #inode = 0

  constructor(path: string) {
    this.#path = path
  }

  /** What was rotated away before, if anything; then the log so far. */
  first(): string {
    const old = openIfThere(`${this.#path}.1`)
    // Opened before the old one is read: whatever is rotated from here on is followed by its descriptor.
    this.#open()
    const before = old === undefined ? "" : readToEnd(old)
    if (old !== undefined) closeSync(old)
    return before + this.next()
  }

  /** What has come since; "" for nothing. */
  next(): string {
    let text = this.#fd === undefined ? "" : readToEnd(this.#fd)
    if (this.#rotated()) {
      // What was written between the reading and the renaming is still in the old one.
      if (this.#fd !== undefined) text += readToEnd(this.#fd)
      this.#open()
      if (this.#fd !== undefined) text += readToEnd(this.#fd)
    }
    return text
  }

  #open(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = openIfThere(this.#path)
    this.#inode = this.#fd === undefined ? 0 : fstatSync(this.#fd).ino
  }

  #rotated(): boolean {
    const status = statSync(this.#path, { throwIfNoEntry: false })
    return status !== undefined && status.ino !== this.#inode
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r")
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw failure
  }
}

const CHUNK = 1 << 16

/** From where the descriptor stands. latin1: a byte stays a byte. */
function readToEnd(fd: number): string {
  const parts: string[] = []
  const buffer = Buffer.allocUnsafe(CHUNK)
  for (let length = readSync(fd, buffer); length > 0; length = readSync(fd, buffer)) parts.push(buffer.toString("latin1", 0, length))
  return parts.join("")
}
