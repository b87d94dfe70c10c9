import type { Monitor } from "../kernel/kernel.ts"
import { markUnstarted } from "../kinds/container/record.ts"
import type { Run } from "../model/driver.ts"
import type { ApplyResult } from "../model/event.ts"
import { stepId } from "../model/step.ts"

/** A parked process that is told to give up has nothing left to do but to end. */
const END_MS = 5000

/**
 * Containers that were spawned but not started are given up: no process waits for a "go" that never comes. Their run
 * folder and group stay and mark them as half-made, for the next apply to make anew; as does what came not even so far.
 */
export async function abandonParked(run: Run, { done, failed, skipped }: ApplyResult): Promise<void> {
  const unstarted = new Set([...failed.map((f) => f.step.id), ...skipped.map((s) => s.step.id)])
  const left = done.filter((step) => step.change.kind === "container" && unstarted.has(stepId(step.address, "start")))
  for (const { op, change } of left) if (op === "cgroup") markUnstarted(run, change.name)
  const monitors = left.flatMap(({ op, address }) => (op === "spawn" ? [run.born.get(address)?.monitor as Monitor] : []))
  for (const monitor of monitors) monitor.abandon()
  await Promise.all(monitors.map((monitor) => run.kernel.gone(monitor, END_MS)))
}
