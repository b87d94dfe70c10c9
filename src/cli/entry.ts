import { main, processContext } from "./main.ts"

export { main }

/** Runs this process's command line. */
export function start(): void {
  // All writing is done when `main` resolves; leaving at once saves the milliseconds of tidying a heap that ends anyway.
  void main(process.argv.slice(2), processContext()).then((code) => process.exit(code))
}
