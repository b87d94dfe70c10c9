import type { Reading } from "../support/machine/reading.ts"
import { differences, likeness, readMachine } from "../support/machine/reading.ts"
import type { Case, Outcome } from "./case.ts"
import type { Said } from "./commands.ts"
import { disturbed, isMonitors, stack } from "./commands.ts"
import { after } from "./patience.ts"
import type { StackFiles } from "./stacks.ts"

/** What is killed needs a moment until it is gone; on an emulated machine, a long one. */
const SETTLES_MS = 10_000
const LOOK_MS = 20

/** The machine before anything was done, and how it reads once a stack is there without any disturbance. */
export interface Expected {
  nothing: Reading
  /** By file. */
  applied: Map<string, Reading>
}

/** Runs one case, beginning and ending with nothing of the stack. */
export async function tryCase(one: Case, files: StackFiles, expected: Expected): Promise<Outcome> {
  const problems: string[] = []
  const check = (said: Said, what: string, ...statuses: number[]) => {
    if (!statuses.includes(said.status)) problems.push(`${what} ends with ${said.status}\n${said.out}${said.err}`)
  }
  const { first, wanted, command } = stepsOf(one, files)
  if (first !== undefined) check(await stack("apply", "-y", "-f", first), "the first apply", 0)
  const broken = await disturbed(one.fault, ...command)
  problems.push(...crashes(broken))
  const seen = await stack("plan", "--json", "-f", wanted)
  check(seen, "the plan after the fault", 0)
  problems.push(...strangers(seen))
  const outcome = { fired: broken.fired, at: broken.operations.at(-1) ?? "", operations: broken.operations.length, secondFired: false }
  if (one.recovery === "again" && one.phase !== "destroy") {
    if (one.second !== undefined) outcome.secondFired = await again(one.second, ["apply", "-y", "-f", wanted], problems)
    check(await stack("apply", "-y", "-f", wanted), "apply after the fault", 0)
    check(await stack("plan", "--detailed-exitcode", "-f", wanted), "the plan after that", 0)
    problems.push(...(await unlike(expected.applied.get(wanted), likeness)))
  }
  if (one.recovery === "again" && one.phase === "destroy") {
    check(await stack("apply", "-y", "-f", wanted), "apply after the fault", 0)
    check(await stack("plan", "--detailed-exitcode", "-f", wanted), "the plan after that", 0)
  }
  check(await stack("destroy", "-y", "--volumes", "-f", wanted), "destroy at the end", 0)
  problems.push(...(await unlike(expected.nothing, (reading) => reading)))
  return { ...outcome, problems }
}

async function again(fault: string, command: string[], problems: string[]): Promise<boolean> {
  const second = await disturbed(fault, ...command)
  problems.push(...crashes(second))
  return second.fired
}

/** What is there before, the file that is wanted in the end, and the command that is disturbed. */
function stepsOf({ phase, fault }: Case, { first, next }: StackFiles): { first?: string; wanted: string; command: string[] } {
  // A monitor's fault comes in the command that starts it: what it does while it is destroyed belongs to that, too.
  if (phase === "apply" || (phase === "destroy" && isMonitors(fault))) return { wanted: first, command: ["apply", "-y", "-f", first] }
  if (phase === "update") return { first, wanted: next, command: ["apply", "-y", "-f", next] }
  return { first, wanted: first, command: ["destroy", "-y", "--volumes", "-f", first] }
}

/** A command may fail, and then says why; a bug of ours is another thing. */
function crashes({ status, err }: Said): string[] {
  if (![0, 1, 137].includes(status) || /internal error|this is a bug|^\s+at .*:\d+:\d+\)?$/m.test(err))
    return [`the disturbed command ends with ${status}\n${err}`]
  return status === 1 && err === "" ? ["the disturbed command fails and says nothing"] : []
}

/** A plan names nothing that is not of the stack: what was there before bears this word. */
function strangers({ status, out }: Said): string[] {
  if (status !== 0) return []
  const { changes } = JSON.parse(out) as { changes: { address: string }[] }
  return changes.filter(({ address }) => address.includes("foreign")).map(({ address }) => `the plan names ${address}`)
}

/** Differences that stay. */
async function unlike(expected: Reading | undefined, seen: (reading: Reading) => Reading): Promise<string[]> {
  if (expected === undefined) return []
  let late = false
  const calledOff = after(SETTLES_MS, () => {
    late = true
  })
  for (;;) {
    const found = differences(expected, seen(readMachine()))
    if (found.length === 0 || late) {
      calledOff()
      return found
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}
