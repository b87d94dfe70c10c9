import type { Display } from "./progress.ts"
import { formatTime, stepDone } from "./progress.ts"

/** A line for each step that ended; a failure's reason is told at the end, in full. */
export function plainProgress(write: (text: string) => void): Display {
  return {
    emit(event) {
      if (event.type === "step-done") {
        const { address, op, change } = event.step
        write(`${address}: ${stepDone(change.kind, op)} (${formatTime(event.took)})\n`)
      }
      if (event.type === "step-failed") write(`${event.step.address}: ${event.step.op} failed: ${event.diagnostic.summary}\n`)
    },
    note: (text) => write(`${text}\n`),
    end: () => Promise.resolve(),
  }
}
