import { main, processContext } from "./main.ts"
import { leaveLostTerminal } from "./signals.ts"

/** For the build, which makes the code cache. */
export { kernelBehind, linuxKernel } from "../kernel/linux.ts"
export { main }

/** Runs this process's command line. */
export async function start(): Promise<never> {
  const code = await main(process.argv.slice(2), await processContext())
  leaveLostTerminal()
  // All writing is done by now; leaving at once saves the milliseconds of tidying a heap that ends anyway.
  process.exit(code)
}
