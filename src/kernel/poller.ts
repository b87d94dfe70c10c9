import { now } from "./clock.ts"
import type { Ffi } from "./ffi.ts"

/** Resolves when the descriptor can be read or has hung up. */
export type WhenReadable = (fd: number) => Promise<void>

/** Descriptors waited for, all in one poll(2). */
export interface Poller {
  /** Calls `ready` once: true when the descriptor can be read or has hung up, false when `timeoutMs` have passed first. */
  wait(fd: number, timeoutMs: number, ready: (inTime: boolean) => void): void
  /** True if it can be read or has hung up now. */
  isReady(fd: number): boolean
}

interface Wait {
  fd: number
  until: number
  ready(inTime: boolean): void
}

const POLLIN = 1
const ENTRY = 8
const REVENTS = 6
/**
 * How long one poll may keep the event loop from its timers, signals and drawing. Short at first, as other work may be
 * about to come; longer when nothing has happened for some rounds, to leave the processor alone.
 */
const SHORT_MS = 1
const LONG_MS = 5
const SHORT_ROUNDS = 40

/**
 * Node can watch neither a pidfd nor many pipes cheaply: here is one poll for all that is waited for, again and again while
 * there is something, with a turn of the event loop between.
 */
export function openPoller(ffi: Pick<Ffi, "poll">): Poller {
  let waits: Wait[] = []
  let idleRounds = 0
  let running = false

  const turn = () => {
    const timeout = idleRounds < SHORT_ROUNDS ? SHORT_MS : LONG_MS
    const ready = poll(ffi, waits, timeout)
    const time = now()
    const over = waits.filter((wait, i) => ready[i] === true || wait.until <= time)
    const fired = new Set(waits.filter((_, i) => ready[i] === true))
    const done = new Set(over)
    waits = waits.filter((wait) => !done.has(wait))
    idleRounds = over.length > 0 ? 0 : idleRounds + 1
    for (const wait of over) wait.ready(fired.has(wait))
    running = waits.length > 0
    if (running) setImmediate(turn)
  }
  return {
    wait: (fd, timeoutMs, ready) => {
      waits.push({ fd, until: now() + timeoutMs, ready })
      idleRounds = 0
      if (!running) setImmediate(turn)
      running = true
    },
    isReady: (fd) => poll(ffi, [{ fd }], 0)[0] === true,
  }
}

/** For each descriptor, whether poll(2) had something to say of it. */
function poll(ffi: Pick<Ffi, "poll">, waits: readonly { fd: number }[], timeoutMs: number): boolean[] {
  const entries = Buffer.alloc(waits.length * ENTRY)
  for (const [i, { fd }] of waits.entries()) {
    entries.writeInt32LE(fd, i * ENTRY)
    entries.writeInt16LE(POLLIN, i * ENTRY + 4)
  }
  if (ffi.poll(entries, waits.length, timeoutMs) <= 0) return []
  return waits.map((_, i) => entries.readInt16LE(i * ENTRY + REVENTS) !== 0)
}
