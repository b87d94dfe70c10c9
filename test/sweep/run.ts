/** All sweeps, or those that the options name: a line for each series, and at the end what failed, by the command that finds it again. */
import type { Case, Outcome } from "./case.ts"
import { commandOf } from "./case.ts"
import type { SweepOptions } from "./options.ts"
import { readOptions, USAGE } from "./options.ts"
import { Rooms } from "./rooms.ts"
import type { Series } from "./series.ts"
import { allSeries, faultAt } from "./series.ts"

/** Nothing has more operations: a series that goes on is a bug of the sweep. */
const MOST = 2_000

const tally = { cases: 0, failed: [] as string[] }

async function main(): Promise<void> {
  const options = argumentsOrUsage()
  if (options === undefined) return
  const rooms = new Rooms(options.jobs)
  const began = performance.now()
  if (options.fault !== undefined && /:[0-9]/.test(options.fault)) await single(options, options.fault, rooms)
  else await Promise.all(chosen(options).map((series) => rooms.use((run) => sweep(series, run))))
  await rooms.close()
  for (const command of tally.failed) console.log(`failed: ${command}`)
  const took = ((performance.now() - began) / 1000).toFixed(0)
  console.log(`${tally.cases - tally.failed.length} passed, ${tally.failed.length} failed, 0 skipped (${took} s)`)
  process.exitCode = tally.failed.length > 0 || tally.cases === 0 ? 1 : 0
}

function argumentsOrUsage(): SweepOptions | undefined {
  try {
    if (!process.argv.includes("--help")) return readOptions(process.argv.slice(2))
    process.stdout.write(USAGE)
  } catch (failure) {
    process.stderr.write(`${(failure as TypeError).message}\n\n${USAGE}`)
    process.exitCode = 64
  }
  return undefined
}

function chosen({ stacks, phases, fault, recovery }: SweepOptions): Series[] {
  if (fault === undefined) return allSeries(stacks, phases).filter((series) => recovery === undefined || series.recovery === recovery)
  return stacks.flatMap((stack) => phases.map((phase) => ({ stack, phase, recovery: recovery ?? "again", faultAt: faultAt(fault) })))
}

type Run = (one: Case) => Promise<Outcome>

async function single({ stacks, phases, recovery = "again", second }: SweepOptions, fault: string, rooms: Rooms): Promise<void> {
  for (const stack of stacks)
    for (const phase of phases) {
      const one = { stack, phase, fault, recovery, ...(second === undefined ? {} : { second }) }
      const outcome = await rooms.use((run) => run(one))
      report(one, outcome)
      console.log(`${outcome.fired ? "came" : "did not come"}: ${fault}, of ${outcome.operations} operations: ${outcome.at}`)
    }
}

async function sweep({ stack, phase, recovery, faultAt }: Series, run: Run): Promise<void> {
  const failedBefore = tally.failed.length
  let k = 1
  for (; k < MOST; k++) {
    const one = { stack, phase, fault: faultAt(k), recovery }
    const outcome = await run(one)
    report(one, outcome)
    if (!outcome.fired) break
  }
  const failed = tally.failed.length - failedBefore
  console.log(`${failed > 0 ? "FAILED" : "ok    "} ${stack} ${phase} ${faultAt(0)} recovery ${recovery}: ${k - 1} operations`)
}

function report(one: Case, { at, problems }: Outcome): void {
  tally.cases++
  if (problems.length === 0) return
  tally.failed.push(commandOf(one))
  console.log(`FAILED ${commandOf(one)}\n  at: ${at}\n${problems.map((problem) => problem.replace(/^/gm, "  ")).join("\n")}`)
}

await main()
