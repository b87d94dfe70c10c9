import { signalNumber } from "../../base/signal.ts"
import type { Kernel, ProcessId } from "../../kernel/kernel.ts"
import type { Run, StepResult } from "../../model/driver.ts"
import type { Step } from "../../model/step.ts"
import { attempt } from "../step-result.ts"
import { placesOf } from "./places.ts"
import { callOff, presentInit } from "./restarts.ts"
import type { ContainerAttributes } from "./spec.ts"
import type { Life } from "./spec-life.ts"
import { USUAL_LIFE } from "./spec-life.ts"
import { isStopped, setStopped } from "./stopped.ts"

const SIGKILL = 9
/** A killed process is gone at once, but for what the kernel itself must tear down. */
const KILL_MS = 30_000

interface Processes {
  init?: ProcessId
  monitor?: ProcessId
  beside?: readonly ProcessId[]
}

function processesOf(step: Step): Processes {
  return (step.change.observed?.live ?? {}) as unknown as Processes
}

/** As it was started, or as the file has changed it since. */
function endingOf({ change }: Step): { signal: number; graceMs: number } {
  const { stop_signal = USUAL_LIFE.stop_signal, stop_grace_period = USUAL_LIFE.stop_grace_period } = (change.before ?? {}) as Partial<Life>
  return { signal: signalNumber(stop_signal) as number, graceMs: stop_grace_period }
}

/** Step `stop`: its signal where the command would notice it, then SIGKILL; done when all its processes are gone. */
export function stop(steps: readonly Step[], run: Run): Promise<StepResult>[] {
  for (const step of steps) if (step.change.before?.frozen === true || isBelowFrozen(step, run)) wake(step, run)
  const inits = new Map(steps.map((step) => [step, isHeeded(step) ? calledOff(step, run) : processesOf(step).init]))
  const statuses = run.kernel.readMany(steps.map((step) => statusPath(inits.get(step))))
  const polite = new Set(steps.filter((step, i) => hears(statuses[i] ?? "", endingOf(step).signal)))
  return steps.map((step, i) =>
    attempt(async () => {
      const init = inits.get(step)
      const { signal, graceMs } = endingOf(step)
      if (init !== undefined && polite.has(step) && run.kernel.signal(init, signal)) {
        // Who is stopped hears it once it goes on.
        if (isStopped(statuses[i] ?? null)) setStopped(run.kernel, init, false)
        await run.kernel.gone(init, graceMs)
      }
      // Where it was moved to by hand are others, too: only its own group is killed whole.
      if (init !== undefined) run.cgroups.gather(placesOf(step, run.stack).group, init.pid)
      const processes = [...(init === undefined ? [] : [init]), ...(step.change.keeps ? [] : monitorsOf(step))]
      for (const process of processes) run.kernel.signal(process, SIGKILL)
      if (init === undefined || !ownsPids(step)) for (const group of placesOf(step, run.stack).groups) run.cgroups.kill(group)
      for (const process of processes) await run.kernel.gone(process, KILL_MS)
    }),
  )
}

/** Of those steps the ones whose command would notice its signal, which it is given its time for. */
export function awaited(steps: readonly Step[], kernel: Kernel): { step: Step; signal: number; graceMs: number }[] {
  const statuses = kernel.readMany(steps.map((step) => statusPath(processesOf(step).init)))
  return steps.map((step) => ({ step, ...endingOf(step) })).filter(({ signal }, i) => hears(statuses[i] ?? "", signal))
}

/** Its parent's group is, as it was observed. */
function isBelowFrozen({ change }: Step, { born }: Run): boolean {
  return born.get(`cgroup.${change.observed?.attributes.cgroup}`)?.frozen === true
}

/** What is frozen hears no signal; on cgroup v1 it does not even die of one. */
function wake(step: Step, run: Run): void {
  const groups = placesOf(step, run.stack).groups
  const above = isBelowFrozen(step, run) ? [String(step.change.observed?.attributes.cgroup)] : []
  for (const group of [...groups, ...above]) run.cgroups.thaw(group, processesOf(step).init?.pid)
}

/** Its monitor may start its command again; of one whose record is gone nobody knows. */
function isHeeded(step: Step): boolean {
  const before = (step.change.before ?? {}) as Partial<Life>
  return processesOf(step).monitor !== undefined && before.restart !== USUAL_LIFE.restart
}

/** Nothing is started by its monitor from here on; its process is the one that it has now, also where it was restarted since it was observed. */
function calledOff(step: Step, run: Run): ProcessId | undefined {
  const { init, monitor } = processesOf(step)
  callOff(run, placesOf(step, run.stack).folder)
  return monitor === undefined ? init : presentInit(run, monitor)
}

/** The container's monitor, and others that a restart which was cut short has left. */
export function monitorsOf(step: Step): ProcessId[] {
  const { monitor, beside = [] } = processesOf(step)
  return [...(monitor === undefined ? [] : [monitor]), ...beside]
}

/** Ends processes, whatever they think of it. */
export async function killAll(run: Run, processes: readonly ProcessId[]): Promise<void> {
  for (const process of processes) run.kernel.signal(process, SIGKILL)
  for (const process of processes) await run.kernel.gone(process, KILL_MS)
}

/** With the first process of its pid namespace all others of a container are gone: what is left in its group is not the container's. */
export function ownsPids({ change }: Step): boolean {
  return (change.before as Partial<ContainerAttributes> | null)?.namespaces?.pid === "new"
}

function statusPath(init: ProcessId | undefined): string {
  return init === undefined ? "" : `/proc/${init.pid}/status`
}

/**
 * A first process of a pid namespace never sees a signal that it neither handles nor blocks (pid_namespaces(7)): waiting for it would be in
 * vain. What it blocks it may read: signalfd(2), sigwait(3).
 */
function hears(status: string, signal: number): boolean {
  if (status === "") return false
  const own = /^NSpid:.*\t1$/m.test(status)
  const has = (set: string) => {
    const mask = new RegExp(`^${set}:\\s*([0-9a-f]+)`, "m").exec(status)?.[1] ?? "0"
    return (BigInt(`0x${mask}`) & (1n << BigInt(signal - 1))) !== 0n
  }
  return !own || has("SigCgt") || has("SigBlk")
}

/**
 * Step `remove`: groups, the writable layer beside them, and last the run folder: until it is gone the container is known as
 * half-removed. Of one that keeps its namespaces the run folder stays, as its monitor does, with the record of what it was.
 */
export function remove(steps: readonly Step[], run: Run): Promise<StepResult>[] {
  const places = steps.map((step) => placesOf(step, run.stack))
  const layers = run.kernel.removeTreesLater(places.map(({ layer }) => layer))
  return places.map(({ folder, groups }, i) =>
    attempt(async () => {
      for (const group of groups) run.cgroups.remove(group)
      const failure = (await layers)[i]
      if (failure) throw failure
      run.kernel.removeTree(steps[i]?.change.keeps ? `${folder}/log` : folder)
    }),
  )
}
