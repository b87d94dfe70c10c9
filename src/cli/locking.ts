import { lockStack } from "../apply/lock.ts"
import type { Context } from "./context.ts"
import type { Session } from "./session.ts"

/** Told only if it takes longer than a person notices. */
const PATIENCE_MS = 300

/** Takes the stack's lock; says so where it has to wait. */
export async function lockAndSay({ kernel, stack, cgroups }: Session, timeoutMs: number, context: Context): Promise<{ release(): void }> {
  let stop: (() => void) | undefined
  const timer = setTimeout(() => {
    void sayWaiting(`waiting for the lock of ${stack}`, context).then((end) => {
      stop = end
    })
  }, PATIENCE_MS)
  try {
    return await lockStack(kernel, stack, timeoutMs, cgroups)
  } finally {
    clearTimeout(timer)
    stop?.()
  }
}

async function sayWaiting(text: string, context: Context): Promise<() => void> {
  if (!context.err.terminal) {
    context.err.write(`${text}\n`)
    return () => undefined
  }
  const { default: ora } = await import("ora")
  const spinner = ora({ text, stream: process.stderr }).start()
  return () => spinner.stop()
}
