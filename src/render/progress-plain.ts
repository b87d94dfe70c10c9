import type { Display } from "./progress.ts"
import { formatTime, stepDone } from "./progress.ts"

/**
 * A line for each step that ended; a failure's reason is told at the end, in full. What ends in the same turn of the event loop is
 * written at once: a hundred small writes take as long as the steps themselves.
 */
export function plainProgress(write: (text: string) => void): Display {
  let waiting = ""
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
      if (event.type === "step-done") {
        say(`${event.step.address}: ${stepDone(event.step)} (${formatTime(event.took)})`)
      }
      if (event.type === "step-failed") say(`${event.step.address}: ${event.step.op} failed: ${event.diagnostic.summary}`)
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
