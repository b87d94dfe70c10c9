import { parseArgs } from "node:util"

export const USAGE = `Usage: npm test -- [OPTIONS] [PART OF A PATH...]

Builds what is stale, then runs each test/**/*.test.ts whose path holds one of the parts given (all without any).

  --unit            only those that need no kernel
  --kernel          only those that do
  --shuffle [SEED]  files, and the ready steps of every apply, in an order by chance (STACK_SHUFFLE)
  --jobs N          processes at a time (2)
  --no-build        take dist/ and native/build/ as they are
  --verbose         show the output of tests that passed too
`

/** What a run was asked for. */
export interface RunOptions {
  parts: string[]
  unit: boolean
  kernel: boolean
  shuffle: number | undefined
  jobs: number
  build: boolean
  verbose: boolean
}

/** Throws a TypeError with a line for the user where the arguments are wrong. */
export function readOptions(args: readonly string[]): RunOptions {
  const { values, positionals } = parseArgs({
    args: args.map((arg, i) => (arg === "--shuffle" ? withSeed(args[i + 1]) : arg)),
    allowPositionals: true,
    options: {
      unit: { type: "boolean", default: false },
      kernel: { type: "boolean", default: false },
      shuffle: { type: "string" },
      jobs: { type: "string", default: "2" },
      "no-build": { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
    },
  })
  const jobs = Number(values.jobs)
  if (!Number.isInteger(jobs) || jobs < 1) throw new TypeError(`--jobs: not a number of processes: ${values.jobs}`)
  const shuffle = values.shuffle === undefined ? undefined : Number(values.shuffle)
  if (Number.isNaN(shuffle)) throw new TypeError(`--shuffle: not a number: ${values.shuffle}`)
  return {
    parts: positionals.filter((p) => !(shuffle !== undefined && p === String(shuffle))),
    unit: values.unit,
    kernel: values.kernel,
    shuffle,
    jobs,
    build: !values["no-build"],
    verbose: values.verbose,
  }
}

/** `--shuffle` alone takes a seed by chance; the run prints it. */
function withSeed(next: string | undefined): string {
  return `--shuffle=${/^[0-9]+$/.test(next ?? "") ? next : Math.floor(Math.random() * 1e6)}`
}
