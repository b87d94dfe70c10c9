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
  const until = performance.now() + KEYS_MS
  while (keys() !== before && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  return keys() === before ? [] : [`keys:\n${before}\nafter it:\n${keys()}`]
}

/** How many keys the ids have that only containers of the sweeps are given. proc_keys(5) */
function keys(): string {
  return readFileSync("/proc/key-users", "utf8")
    .split("\n")
    .filter((line) => /^\s*7[12][0-9]{7}:/.test(line))
    .map((line) => line.replace(/^(\s*[0-9]+:)\s+[0-9]+ ([0-9]+).*/, "$1 $2"))
    .join("\n")
}
