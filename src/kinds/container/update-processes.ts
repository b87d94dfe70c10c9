import type { Kernel, ProcessId } from "../../kernel/kernel.ts"
import { startTimeIn } from "../../kernel/start-time.ts"
import type { LiveMonitor, Run } from "../../model/driver.ts"
import type { Step } from "../../model/step.ts"
import { groupPath } from "./kind-group-path.ts"
import { wantedAttributes } from "./spawn.ts"
import type { Ulimit, Ulimits } from "./spec-ulimits.ts"
import { boundText, parseLimits, ulimitNumber } from "./spec-ulimits.ts"

/** A container's first process and all others in its group: each is its own to be bounded. */
interface Processes {
  init: ProcessId
  all: ProcessId[]
  monitor: ProcessId | undefined
}

/** Nothing of one whose command has ended. */
function processesOf(step: Step, run: Run): Processes | undefined {
  const { init, monitor } = (run.born.get(step.address) ?? {}) as Partial<Pick<LiveMonitor, "init">> & { monitor?: ProcessId }
  if (init === undefined) return undefined
  const path = groupPath(step.change.name, wantedAttributes(step))
  const pids = new Set((run.cgroups.members([path]).get(path) ?? []).map(({ pid }) => pid))
  pids.delete(init.pid)
  const others = [...pids].flatMap((pid) => {
    const startTime = startTimeIn(run.kernel.read(`/proc/${pid}/stat`))
    return startTime === undefined ? [] : [{ pid, startTime }]
  })
  return { init, all: [...others, init], monitor }
}

function limitsOf(kernel: Kernel, { pid }: ProcessId): Ulimits {
  return parseLimits(kernel.read(`/proc/${pid}/limits`) ?? "")
}

/**
 * `prlimit --pid PID --NAME=SOFT:HARD`, of the first process and those that have what it had: one that has bounded itself otherwise stays so.
 * A bound that the file names no more is as the monitor has it, which has kept those of the command that made it.
 */
export function updateUlimitsOf(step: Step, run: Run, before: Ulimits): void {
  const processes = processesOf(step, run)
  if (processes === undefined) return
  const want = wantedAttributes(step).ulimits
  const inherited = processes.monitor === undefined ? {} : limitsOf(run.kernel, processes.monitor)
  const had = limitsOf(run.kernel, processes.init)
  for (const process of processes.all) {
    const now = limitsOf(run.kernel, process)
    for (const name of new Set([...Object.keys(before), ...Object.keys(want)])) {
      const to = want[name] ?? inherited[name]
      if (to === undefined || !isSame(now[name], had[name]) || isSame(now[name], to)) continue
      run.kernel.setLimit(process, { resource: ulimitNumber(name), name, soft: boundText(to.soft), hard: boundText(to.hard) })
    }
  }
}

function isSame(a: Ulimit | undefined, b: Ulimit | undefined): boolean {
  return a?.soft === b?.soft && a?.hard === b?.hard
}

/** `echo N > /proc/PID/oom_score_adj`, of the first process and those that have what it had. */
export function updateOomScoreOf(step: Step, run: Run): void {
  const processes = processesOf(step, run)
  if (processes === undefined) return
  const want = String(wantedAttributes(step).oom_score_adj)
  const scoreOf = ({ pid }: ProcessId) => run.kernel.read(`/proc/${pid}/oom_score_adj`)?.trim()
  const had = scoreOf(processes.init)
  for (const process of processes.all) {
    const now = scoreOf(process)
    if (now === had && now !== want) run.kernel.write(`/proc/${process.pid}/oom_score_adj`, want)
  }
}
