/** All sweeps, or those that the options name: a line for each series, and at the end what failed, by the command that finds it again. */
import { removeAbandoned } from "../support/abandoned.ts"
import { scratchFolder } from "../support/sandbox.ts"
import { argumentsOrUsage } from "../support/usage.ts"
import type { Case, Outcome } from "./case.ts"
import { commandOf } from "./case.ts"
import { findLeaks } from "./leaks.ts"
import type { SweepOptions } from "./options.ts"
import { readOptions, USAGE } from "./options.ts"
import { Rooms } from "./rooms.ts"
import type { Series } from "./series.ts"
import { allSeries, faultAt, pairs } from "./series.ts"

/** Nothing has more operations: a series that goes on is a bug of the sweep. */
const MOST = 2_000

const tally = { cases: 0, failed: [] as string[] }

async function main(): Promise<void> {
  const options = argumentsOrUsage(readOptions, USAGE)
  if (options === undefined) return
  removeAbandoned(scratchFolder())
  const rooms = new Rooms(options.jobs)
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop(rooms))
  const began = performance.now()
  if (options.fault !== undefined && /:[0-9]/.test(options.fault)) await single(options, options.fault, rooms)
  else await Promise.all(chosen(options).map((series) => rooms.use((run) => sweep(series, run))))
  if (options.repeat > 0) await leaks(options.repeat, rooms)
  await rooms.close()
  for (const command of tally.failed) console.log(`failed: ${command}`)
  const took = ((performance.now() - began) / 1000).toFixed(0)
  console.log(`${tally.cases - tally.failed.length} passed, ${tally.failed.length} failed, 0 skipped (${took} s)`)
  process.exitCode = tally.failed.length > 0 || tally.cases === 0 ? 1 : 0
}

/** What a person has had enough of leaves nothing behind. */
async function stop(rooms: Rooms): Promise<never> {
  await rooms.close()
  console.log(`interrupted after ${tally.cases} cases`)
  process.exit(130)
}

function chosen({ stacks, phases, fault, recovery }: SweepOptions): Series[] {
  if (fault !== undefined)
    return stacks.flatMap((stack) => phases.map((phase) => ({ stack, phase, recovery: recovery ?? "again", faultAt: faultAt(fault) })))
  const all = allSeries(stacks, phases).filter((series) => recovery === undefined || series.recovery === recovery)
  const { stack, phase } = pairs()
  return stacks.includes(stack) && phases.includes(phase) ? [...all, pairs()] : all
}

type Run = (one: Case) => Promise<Outcome>

async function single({ stacks, phases, recovery = "again", second }: SweepOptions, fault: string, rooms: Rooms): Promise<void> {
  for (const stack of stacks)
    for (const phase of phases) {
      const one = { stack, phase, fault, recovery, ...(second === undefined ? {} : { second }) }
      const outcome = await rooms.use((run) => tried(one, run))
      console.log(`${outcome.fired ? "came" : "did not come"}: ${fault}, of ${outcome.operations} operations: ${outcome.at}`)
    }
}

async function sweep(series: Series, run: Run): Promise<void> {
  const { stack, phase, recovery, faultAt, secondAt } = series
  let failed = 0
  const counted: Run = async (one) => {
    const outcome = await run(one)
    if (outcome.problems.length > 0) failed++
    return outcome
  }
  let k = 1
  for (; k < MOST; k++) {
    const one = { stack, phase, fault: faultAt(k), recovery }
    const { fired } = secondAt === undefined ? await tried(one, counted) : await sweepSecond(one, secondAt, counted)
    if (!fired) break
  }
  const words = [stack, phase, faultAt(0), ...(secondAt === undefined ? [] : [`and ${secondAt(0)}`]), `then ${recovery}:`]
  console.log(`${failed > 0 ? "FAILED" : "ok    "} ${words.join(" ")} ${k - 1} operations`)
}

/** The outcome of the first of its cases tells whether the first fault came. */
async function sweepSecond(one: Case, secondAt: (k: number) => string, run: Run): Promise<Outcome> {
  const first = await tried({ ...one, second: secondAt(1) }, run)
  for (let k = 2, last = first; last.secondFired && k < MOST; k++) last = await tried({ ...one, second: secondAt(k) }, run)
  return first
}

async function tried(one: Case, run: Run): Promise<Outcome> {
  const outcome = await run(one)
  report(one, outcome)
  return outcome
}

async function leaks(times: number, rooms: Rooms): Promise<void> {
  const problems = await rooms.use((run) => findLeaks(times, run))
  tally.cases++
  console.log(`${problems.length > 0 ? "FAILED" : "ok    "} ${times} applies and destroys in a row\n${problems.join("\n")}`.trim())
  if (problems.length > 0) tally.failed.push(`npm run test:sweep -- --fault kill:1 --stack smallest --repeat ${times}`)
}

function report(one: Case, { at, problems }: Outcome): void {
  tally.cases++
  if (problems.length === 0) return
  tally.failed.push(commandOf(one))
  console.log(`FAILED ${commandOf(one)}\n  at: ${at}\n${problems.map((problem) => problem.replace(/^/gm, "  ")).join("\n")}`)
}

await main()
