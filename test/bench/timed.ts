import { expectStatus } from "../support/lab.ts"
import type { Sandbox } from "../support/sandbox.ts"

/** The middle one; of an even number the upper of the two. 0 of none. */
export const median = (values: readonly number[]): number => [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)] ?? 0

/** Milliseconds of a command in the sandbox, without what entering it costs. */
export function timed(sandbox: Sandbox, ...command: string[]): number {
  const once = (words: string[]) => {
    const began = performance.now()
    expectStatus(sandbox.run(words), 0)
    return performance.now() - began
  }
  return once(command) - once(["true"])
}
