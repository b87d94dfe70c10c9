import type { Step } from "../model/step.ts"

/** Ops that wait for processes: they run side by side, but only so many. */
const PROCESS_OPS = new Set(["container:spawn", "container:start", "container:stop"])

function opOf(step: Step): string {
  return `${step.change.kind}:${step.op}`
}

/**
 * The ready steps by kind and op, each group to be handed to its driver whole; of those that wait for processes as many
 * as the running ones leave room for. What has been begun is finished first, so that an interruption leaves little half-made.
 */
export function nextBatches(ready: readonly Step[], running: ReadonlySet<Step>, parallelism: number): Step[][] {
  let room = Math.max(1, parallelism) - [...running].filter((step) => PROCESS_OPS.has(opOf(step))).length
  const groups = new Map<string, Step[]>()
  for (const step of finishingFirst(ready)) {
    const op = opOf(step)
    if (PROCESS_OPS.has(op) && room-- <= 0) continue
    const group = groups.get(op)
    if (group === undefined) groups.set(op, [step])
    else group.push(step)
  }
  return [...groups.values()]
}

function finishingFirst(ready: readonly Step[]): Step[] {
  const begins = (step: Step) => step.op === "spawn"
  return [...ready.filter((step) => !begins(step)), ...ready.filter(begins)]
}
