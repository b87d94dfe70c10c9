import { appendFileSync, existsSync, readFileSync } from "node:fs"
import { parseFault } from "../kernel/faults/fault.ts"
import { FaultPoints } from "../kernel/faults/points.ts"
import { weakenedKernel } from "../kernel/faults/weakened.ts"
import { withFaults } from "../kernel/faults/with-faults.ts"
import { kernelBehind, linuxKernel } from "../kernel/linux.ts"
import { main, processContext } from "./main.ts"

/** For the build, which makes the code cache. */
export { kernelBehind, linuxKernel, main }

/** Names the protection that is left out; the native parts read it, too, and build/weak-points.ts says which pieces of code go by it. */
const WEAKENED_FILE = "/run/.weakened"

function weakened(): string {
  return existsSync(WEAKENED_FILE) ? readFileSync(WEAKENED_FILE, "utf8") : ""
}

/**
 * Runs this process's command line on a kernel with fault points: the whole of the build for tests. STACK_FAULT says which
 * fault; STACK_FAULT_COUNT names a file that gets a line for each operation. docs/faults.md
 */
export async function start(): Promise<never> {
  const { STACK_FAULT: text, STACK_FAULT_COUNT: file } = process.env
  const tell = (words: string) => {
    if (file !== undefined) appendFileSync(file, `${words}\n`)
  }
  const points = new FaultPoints(text === undefined ? undefined : parseFault(text), tell)
  const protection = weakened()
  Object.assign(globalThis, { stackWeakened: protection })
  const kernel = () => (protection === "" ? linuxKernel() : weakenedKernel(linuxKernel(), protection))
  const context = await processContext()
  process.exit(await main(process.argv.slice(2), { ...context, kernel: () => withFaults(kernel(), points) }))
}
