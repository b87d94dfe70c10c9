import { closeSync } from "node:fs"

/** What the command line ends with when it was asked to end: 128 + n, as a shell says it. signal(7) */
const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

type Asking = keyof typeof CODES

/** What a person or the system has asked of a command that changes the kernel. */
export interface Asked {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal
  /** From now on this is said to whoever asks; `again`: not for the first time. */
  answerWith(answer: (again: boolean) => void): void
  /**
   * The exit code for what has been asked; undefined where nobody has. All that was sent until now is heard before: work that leaves
   * the event loop no turn, such as a reading of the kernel, keeps it waiting.
   */
  code(): Promise<number | undefined>
}

/** How much of the work under way goes on without a terminal. */
let throughHangup = 0
let hungUp = false

/** Node puts the terminal's settings back when it ends, and aborts where that is gone (EIO): then it is to see none. */
export function leaveLostTerminal(): void {
  if (hungUp) for (const fd of [0, 1, 2]) closeSync(fd)
}

/**
 * Runs work that a signal (SIGINT, SIGTERM, SIGHUP of a lost terminal) is to end in order. From its first change to its last word it is heard,
 * and never ends the process by itself.
 */
export async function heedful<T>(work: (asked: Asked) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  let code: number | undefined
  let answer: (again: boolean) => void = () => undefined
  const heard = (name: NodeJS.Signals) => {
    hungUp ||= name === "SIGHUP"
    if (name === "SIGHUP" && throughHangup > 0) return
    const again = code !== undefined
    code ??= CODES[name as Asking]
    answer(again)
    controller.abort()
  }
  for (const name of Object.keys(CODES)) process.on(name, heard)
  try {
    return await work({
      signal: controller.signal,
      answerWith: (next) => {
        answer = next
      },
      code: async () => {
        // One turn may be half over; in the next one signals are asked for.
        for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
        return code
      },
    })
  } finally {
    // Not at once: a process that ends now is not killed on its last few steps, when all has been said.
    setImmediate(() => {
      for (const name of Object.keys(CODES)) process.off(name, heard)
    })
  }
}

/** Work that a lost terminal (SIGHUP) does not end. */
export async function throughHangups<T>(work: () => Promise<T>): Promise<T> {
  const deaf = () => {
    hungUp = true
  }
  process.on("SIGHUP", deaf)
  throughHangup += 1
  try {
    return await work()
  } finally {
    throughHangup -= 1
    process.off("SIGHUP", deaf)
  }
}
