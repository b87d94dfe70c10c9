import { readFileSync } from "node:fs"
import type { Case, Outcome } from "./case.ts"

/** The stack with most kinds. */
const STACK = "mixed"
/** Keys are let go of by the kernel's own thread, in its own time. */
const KEYS_MS = 10_000
const LOOK_MS = 100

/** Applies and destroys one stack so many times in a row; everything must be as it was after each time. Gives the problems. */
export async function findLeaks(times: number, run: (one: Case) => Promise<Outcome>): Promise<string[]> {
  const before = keys()
  for (let n = 1; n <= times; n++) {
    const { problems } = await run({ stack: STACK, phase: "apply", fault: "none", recovery: "again" })
    if (problems.length > 0) return [`time ${n} of ${times}`, ...problems]
  }
  // Fewer than before is no leak: those of the runs before this one may only go now.
  const more = () =>
    [...keys()]
      .filter(([id, count]) => count > (before.get(id) ?? 0))
      .map(([id, count]) => `keys of ${id}: ${count}, not ${before.get(id) ?? 0}`)
  const until = performance.now() + KEYS_MS
  while (more().length > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  return more()
}

/** How many keys the ids have that only containers of the sweeps are given. /proc/key-users, keyrings(7) */
function keys(): Map<string, number> {
  const found = readFileSync("/proc/key-users", "utf8").matchAll(/^\s*(7[12][0-9]{7}):\s+[0-9]+ ([0-9]+)/gm)
  return new Map([...found].map(([, id, count]) => [id as string, Number(count)]))
}
