import * as assert from "uvu/assert"
import { PATIENCE } from "./sandbox.ts"

const PAUSE_MS = 10

/**
 * Some of what the kernel does, it does a little later: waits until `look` finds something, which is neither false nor undefined, and gives that.
 * Fails, with `what`, where that has not come within so many seconds, longer on a machine that is emulated.
 */
export async function eventually<T>(look: () => T | false | undefined, what = "it never came to that", seconds = 30): Promise<T> {
  const end = performance.now() + seconds * 1000 * PATIENCE
  for (;;) {
    const found = look()
    if (found !== false && found !== undefined) return found
    if (performance.now() > end) assert.unreachable(`${what}, even after ${seconds} s`)
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}
