import type { Monitor } from "../kernel/kernel.ts"
import type { Run } from "../model/driver.ts"
import type { ApplyResult } from "../model/event.ts"
import { stepId } from "../model/step.ts"

/** A parked process that is told to give up has nothing left to do but to end. */
const END_MS = 5000

/**
 * Containers that were spawned but not started are given up: no process waits for a "go" that never comes. Their run
 * folder and group stay and mark them as half-made, for the next apply to make anew.
 */
export async function abandonParked(run: Run, { done, failed, skipped }: ApplyResult): Promise<void> {
  const spawned = done.filter((step) => step.change.kind === "container" && step.op === "spawn")
  const unstarted = new Set([...failed.map((f) => f.step.id), ...skipped.map((s) => s.step.id)])
  const parked = spawned.filter((step) => unstarted.has(stepId(step.address, "start")))
  const monitors = parked.map((step) => run.born.get(step.address)?.monitor as Monitor)
  for (const monitor of monitors) monitor.abandon()
  await Promise.all(monitors.map((monitor) => run.kernel.gone(monitor, END_MS)))
}
