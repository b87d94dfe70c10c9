/**
 * Runs cases in a sandbox: one a line on standard input, an outcome a line on standard output. Its argument is the folder of the
 * stacks.
 */
import { createInterface } from "node:readline"
import { likeness, readMachine } from "../support/machine/reading.ts"
import type { Case, Outcome } from "./case.ts"
import { stack } from "./commands.ts"
import { makeForeign } from "./foreign.ts"
import type { StackFiles } from "./stacks.ts"
import { prepareStack } from "./stacks.ts"
import type { Expected } from "./trial.ts"
import { tryCase } from "./trial.ts"

/** Commands that end by themselves have ended by then. */
const SETTLES_MS = 200

const folder = process.argv[2] ?? ""
const prepared = new Map<string, StackFiles>()
const expected: Expected = { nothing: {}, applied: new Map() }

/** Both files are applied once without disturbance: what each should look like. */
async function prepare(name: string): Promise<StackFiles> {
  const files = prepareStack(name, folder)
  for (const file of [files.first, files.next]) {
    await must("apply", "-y", "-f", file)
    await new Promise((resolve) => setTimeout(resolve, SETTLES_MS))
    expected.applied.set(file, likeness(readMachine()))
  }
  await must("destroy", "-y", "--volumes", "-f", files.next)
  prepared.set(name, files)
  return files
}

async function must(...args: string[]): Promise<void> {
  const { status, out, err } = await stack(...args)
  if (status !== 0) throw new Error(`stack ${args.join(" ")} ends with ${status}\n${out}${err}`)
}

async function answer(one: Case): Promise<Outcome> {
  const files = prepared.get(one.stack) ?? (await prepare(one.stack))
  return tryCase(one, files, expected)
}

await makeForeign()
const untouched = readMachine()
await prepare("smallest")
// What this process keeps open from its first commands on, for the next ones.
expected.nothing = { ...untouched, open: readMachine().open ?? [] }
for await (const line of createInterface({ input: process.stdin })) {
  const one = JSON.parse(line) as Case
  const outcome = await answer(one).catch(
    (failure: Error): Outcome => ({ fired: true, secondFired: false, at: "", operations: 0, problems: [failure.stack ?? failure.message] }),
  )
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
}
process.exit(0)
