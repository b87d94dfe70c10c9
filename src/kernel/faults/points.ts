import { existsSync } from "node:fs"
import { KernelError } from "../kernel.ts"
import type { Fault } from "./fault.ts"

/** How often a paused operation looks whether it may go on. */
const LOOK_MS = 5

/** Counts the operations of one process, and does the fault at its place. */
export class FaultPoints {
  readonly #fault: Fault | undefined
  readonly #tell: (words: string) => void
  #count = 0
  #fired = false

  /** `tell` hears of every operation, in the words of the shell, before it is done. */
  constructor(fault: Fault | undefined, tell: (words: string) => void = () => {}) {
    this.#fault = fault
    this.#tell = tell
  }

  /** Whether the fault's operation has come. */
  get fired(): boolean {
    return this.#fired
  }

  /** One operation. Throws KernelError where the fault says so, and whatever the operation throws. */
  run<T>(words: string, operation: () => T): T {
    const fault = this.#next(words)
    if (fault === undefined) return operation()
    this.#before(fault, words)
    try {
      const result = operation()
      this.#after(fault, words)
      return result
    } finally {
      if (fault.kind === "kill") die()
    }
  }

  /** The same for one whose answer comes later. */
  async runLater<T>(words: string, operation: () => Promise<T>): Promise<T> {
    const fault = this.#next(words)
    if (fault === undefined) return operation()
    this.#before(fault, words)
    try {
      const result = await operation()
      this.#after(fault, words)
      return result
    } finally {
      if (fault.kind === "kill") die()
    }
  }

  /** Whether one of the next `count` operations is the fault's. */
  isWithin(count: number): boolean {
    return this.#fault !== undefined && this.#fault.at > this.#count && this.#fault.at <= this.#count + count
  }

  #next(words: string): Fault | undefined {
    this.#count++
    this.#tell(words)
    if (this.#fault?.at !== this.#count) return undefined
    this.#fired = true
    return this.#fault
  }

  #before(fault: Fault, words: string): void {
    if (fault.kind === "before") die()
    if (fault.kind === "pause") waitFor(fault.file)
    if (fault.kind === "err") throw new KernelError(words, fault.errno, "a fault")
  }

  #after(fault: Fault, words: string): void {
    if (fault.kind === "late") throw new KernelError(words, fault.errno, "a fault: its answer is lost")
  }
}

/** SIGKILL to oneself is there before the call comes back. */
function die(): void {
  process.kill(process.pid, "SIGKILL")
}

/** Blocks, as the operation that it holds up would. */
function waitFor(file: string): void {
  const clock = new Int32Array(new SharedArrayBuffer(4))
  while (!existsSync(file)) Atomics.wait(clock, 0, 0, LOOK_MS)
}
