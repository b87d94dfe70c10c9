/**
 * A part of the sweeps of test/sweep, by chance and as much as goes into the time: what is disturbed anywhere is mended by the next
 * command. All of them: npm run test:sweep. docs/faults.md
 */
import { existsSync } from "node:fs"
import * as assert from "uvu/assert"
import { shuffler } from "../../../src/apply/shuffle.ts"
import { test } from "../../support/lab.ts"
import { sandboxMissing } from "../../support/sandbox.ts"
import { testsUnless } from "../../support/skip.ts"
import type { Case, Outcome, Phase } from "../../sweep/case.ts"
import { commandOf, PHASES } from "../../sweep/case.ts"
import { findLeaks } from "../../sweep/leaks.ts"
import { Rooms } from "../../sweep/rooms.ts"
import { faultAt, KINDS } from "../../sweep/series.ts"
import { stackNames } from "../../sweep/stacks.ts"

const BOUND_MS = 75_000
const TIMES = 20
/** Monitors have about so many operations; where one has fewer, its fault does not come. */
const MONITOR_OPERATIONS = 60

const seed = Number(process.env.STACK_SEED ?? Math.floor(Math.random() * 1e6))
const mix = shuffler(seed)
const missing = existsSync("dist-faults/stack.js") ? undefined : "the build with fault points is not there (npm run build:faults)"
const sweepTest = testsUnless(sandboxMissing("busybox") ?? missing)

/** Endlessly: every stack and phase in turn, in an order by chance. */
function* turns(): Generator<{ stack: string; phase: Phase }> {
  const all = stackNames().flatMap((stack) => PHASES.map((phase) => ({ stack, phase })))
  for (;;) yield* mix(all)
}

/** Any number from 1 to `most`. */
function upTo(most: number): number {
  return mix(Array.from({ length: most }, (_, i) => i + 1))[0] ?? 1
}

async function caseFor({ stack, phase }: { stack: string; phase: Phase }, run: (one: Case) => Promise<Outcome>): Promise<Case> {
  const kind = mix(KINDS)[0] ?? "kill"
  const recovery = mix(["again", "destroy"] as const)[0] ?? "again"
  if (!/^(kill|late|err)/.test(kind)) return { stack, phase, fault: faultAt(kind)(upTo(MONITOR_OPERATIONS)), recovery }
  const { operations } = await run({ stack, phase, fault: "none", recovery: "destroy" })
  return { stack, phase, fault: faultAt(kind)(upTo(operations)), recovery }
}

sweepTest("a fault at any operation: the next apply converges, destroy leaves nothing, what is others' stays", async () => {
  const rooms = new Rooms(1)
  const failed: string[] = []
  const until = performance.now() + BOUND_MS
  let count = 0
  console.log(`STACK_SEED=${seed}`)
  await rooms.use(async (run) => {
    for (const turn of turns()) {
      if (performance.now() > until) return
      const one = await caseFor(turn, run)
      const { problems } = await run(one)
      count++
      if (problems.length > 0) failed.push(`${commandOf(one)}\n${problems.join("\n")}`)
    }
  })
  await rooms.close()
  console.log(`${count} cases`)
  assert.equal(failed, [], `STACK_SEED=${seed}\n${failed.join("\n")}`)
})

sweepTest(`${TIMES} applies and destroys in a row leave nothing`, async () => {
  const rooms = new Rooms(1)
  const problems = await rooms.use((run) => findLeaks(TIMES, run))
  await rooms.close()
  assert.equal(problems, [], problems.join("\n"))
})

test.run()
