import { grouped } from "../base/grouped.ts"
import type { Step } from "../model/step.ts"

/** Ops that set processes to work: they run side by side, but only so many. To stop one is a signal, and waiting. */
const PROCESS_OPS = new Set(["container:spawn", "container:start", "container:restart"])

function opOf(step: Step): string {
  return `${step.change.kind}:${step.op}`
}

/**
 * The ready steps by who runs them, each group to be handed over whole; of those that set processes to work as many
 * as the running ones leave room for. What the kernel takes long for goes first, links that are deleted and then signals, so that all else is done meanwhile; what has been
 * begun is finished before anything else begins, so that an interruption leaves little half-made.
 */
export function nextBatches(
  ready: readonly Step[],
  running: ReadonlySet<Step>,
  parallelism: number,
  runnerOf: (step: Step) => unknown = opOf,
): Step[][] {
  let room = Math.max(1, parallelism) - [...running].filter((step) => PROCESS_OPS.has(opOf(step))).length
  const begun = inTurn(ready).filter((step) => !PROCESS_OPS.has(opOf(step)) || room-- > 0)
  return [...grouped(begun, runnerOf).values()]
}

function inTurn(ready: readonly Step[]): Step[] {
  const turn = (step: Step) => (step.op === "delete" ? 0 : step.op === "stop" ? 1 : step.op === "spawn" || step.op === "restart" ? 3 : 2)
  return [0, 1, 2, 3].flatMap((n) => ready.filter((step) => turn(step) === n))
}
