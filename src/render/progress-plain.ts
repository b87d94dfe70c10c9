import { printable } from "./printable.ts"
import type { Display } from "./progress.ts"
import { formatProgress, formatTime, stepDone } from "./progress.ts"

/** How often a step that reads many bytes says how far it is. */
const PERIOD_MS = 3000

/**
 * A line for each step that ended; a failure's reason is told at the end, in full. What ends in the same turn of the event loop is
 * written at once: a hundred small writes take as long as the steps themselves.
 */
export function plainProgress(write: (text: string) => void): Display {
  let waiting = ""
  /** When each step's bytes were told of. */
  const told = new Map<string, number>()
  const flush = () => {
    const text = waiting
    waiting = ""
    if (text !== "") write(text)
  }
  const say = (line: string) => {
    if (waiting === "") setImmediate(flush)
    waiting += `${line}\n`
  }
  return {
    emit(event) {
      if (event.type === "step-progress") {
        const last = told.get(event.step.id)
        if (last === undefined || event.at - last >= PERIOD_MS) {
          if (last !== undefined) say(`${event.step.address}: ${formatProgress(event.done, event.total)}`)
          told.set(event.step.id, event.at)
        }
      }
      if (event.type === "step-done") {
        say(`${event.step.address}: ${stepDone(event.step)} (${formatTime(event.took)})`)
      }
      if (event.type === "step-failed") say(`${event.step.address}: ${event.step.op} failed: ${printable(event.diagnostic.summary)}`)
    },
    note(text) {
      flush()
      write(`${text}\n`)
    },
    end() {
      flush()
      return Promise.resolve()
    },
  }
}
