import { parseArgs } from "node:util"
import type { Case, Phase } from "./case.ts"
import { PHASES } from "./case.ts"
import { stackNames } from "./stacks.ts"

export const USAGE = `Usage: npm run test:sweep -- [OPTIONS]

Disturbs every command at each of its operations and looks at what comes after: docs/faults.md. Without options all of it, for hours.

  --stack NAME      only this one of test/sweep/stacks; again for more
  --phase PHASE     only this of apply, update, destroy
  --fault FAULT     only this one: kill:17, err:3:ENOSPC, late:3:EINTR, monitor:4; without a number (kill, late:EINTR) at each operation
  --recovery destroy  the disturbed command is followed by destroy at once, not by itself
  --second FAULT    a fault of the command that follows, too
  --repeat N        so many applies and destroys in a row, after which nothing may be left (1000, or 0 with one of the above)
  --jobs N          sandboxes at a time (2)
`

export interface SweepOptions {
  stacks: string[]
  phases: Phase[]
  fault: string | undefined
  recovery: Case["recovery"] | undefined
  second: string | undefined
  repeat: number
  jobs: number
}

/** Throws a TypeError with a line for the user where the arguments are wrong. */
export function readOptions(args: string[]): SweepOptions {
  const { values } = parseArgs({
    args,
    options: {
      stack: { type: "string", multiple: true },
      phase: { type: "string", multiple: true },
      fault: { type: "string" },
      recovery: { type: "string" },
      second: { type: "string" },
      repeat: { type: "string" },
      jobs: { type: "string", default: "2" },
    },
  })
  return {
    stacks: oneOf("--stack", values.stack ?? stackNames(), stackNames()),
    phases: oneOf("--phase", values.phase ?? [...PHASES], PHASES) as Phase[],
    fault: values.fault,
    recovery: oneOf("--recovery", values.recovery === undefined ? [] : [values.recovery], ["again", "destroy"])[0] as
      | Case["recovery"]
      | undefined,
    second: values.second,
    repeat: Number(values.repeat ?? ((values.stack ?? values.phase ?? values.fault ?? values.recovery ?? values.second) ? 0 : 1000)),
    jobs: Number(values.jobs),
  }
}

function oneOf(option: string, given: string[], known: readonly string[]): string[] {
  const wrong = given.find((word) => !known.includes(word))
  if (wrong !== undefined) throw new TypeError(`${option} ${wrong}: not one of ${known.join(", ")}`)
  return given
}
