import { error } from "../base/diagnostic.ts"
import { now } from "../kernel/clock.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { KernelError } from "../kernel/kernel.ts"
import { waitingFileOf } from "../model/ownership.ts"
import { startTimeOf } from "../observe/monitors.ts"
import { report } from "./context.ts"
import type { Running } from "./execute.ts"
import { EXIT } from "./exit.ts"
import type { Prepared } from "./planning.ts"
import type { Asked } from "./signals.ts"
import { undo } from "./undo.ts"

const POLL_MS = 100

/**
 * Waits until `stack confirm` takes the waiting file away, and undoes everything where it does not: as nmstate's checkpoints do, for
 * changes that may cut off whoever makes them. A lost terminal (SIGHUP) counts as silence, an interruption as a no.
 */
export async function untilConfirmed(prepared: Prepared, running: Running, milliseconds: number, asked: Asked): Promise<number> {
  const { session, context } = running
  const { kernel, stack } = session
  const file = waitingFileOf(stack)
  kernel.replaceFile(file, `${self(kernel)}\n`)
  context.err.write(`Unless \`stack confirm -p ${stack}\` comes within ${seconds(milliseconds)}, all of it is undone.\n`)
  const answer = await wordOf(kernel, file, milliseconds, asked.signal)
  // Who takes the file away decides: a word in the last moment counts.
  if (answer === "confirmed" || !takeAway(kernel, file)) {
    context.err.write("Confirmed.\n")
    return EXIT.ok
  }
  const why = answer === "silence" ? `it was not confirmed within ${seconds(milliseconds)}` : "it was interrupted before it was confirmed"
  report(context, [error("unconfirmed", `${why}: it is undone`)])
  return undo(prepared, running, answer === "silence" ? EXIT.error : ((await asked.code()) ?? EXIT.interrupted), asked)
}

function self(kernel: Kernel): string {
  const stat = kernel.read("/proc/self/stat") ?? ""
  return `${stat.split(" ", 1)[0]} ${startTimeOf(stat)}`
}

/** Whether the process that the file names still waits. */
export function isWaiting(kernel: Kernel, file: string): boolean {
  const [pid, startTime] = (kernel.read(file) ?? "").trim().split(" ")
  return startTime !== undefined && startTimeOf(kernel.read(`/proc/${pid}/stat`)) === startTime
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`
}

async function wordOf(kernel: Kernel, file: string, milliseconds: number, signal: AbortSignal): Promise<"confirmed" | "silence" | "no"> {
  const end = now() + milliseconds
  while (now() < end && !signal.aborted) {
    if (kernel.read(file) === null) return "confirmed"
    await new Promise((resolve) => setTimeout(resolve, Math.min(POLL_MS, end - now())))
  }
  return signal.aborted ? "no" : "silence"
}

/** False where it is not there: somebody else was first. */
export function takeAway(kernel: Kernel, file: string): boolean {
  const there = kernel.read(file) !== null
  try {
    kernel.removeTree(file)
  } catch (failure) {
    if (failure instanceof KernelError && failure.errno === "ENOENT") return false
    throw failure
  }
  return there
}
