import { createRequire } from "node:module"

/** From so many resources on, V8 would begin to optimise. */
const MANY = 20

/**
 * Has V8 optimise nothing: a command lives for a tenth of a second, and optimising costs more than it saves in that time. A small
 * stack's command is over before V8 begins, and Node's module for it would cost it 2 ms. docs/performance.md
 */
export function restCompiler(resources: number): void {
  if (resources < MANY) return
  const v8 = createRequire(import.meta.url)("node:v8") as typeof import("node:v8")
  v8.setFlagsFromString("--no-opt")
}
