import type { Address } from "../../base/address.ts"
import { splitAddress } from "../../base/address.ts"
import { DiagnosticError, error } from "../../base/diagnostic.ts"
import type { ProcessId } from "../../kernel/kernel.ts"
import { startTimeIn } from "../../kernel/start-time.ts"
import type { Run, StepResult } from "../../model/driver.ts"
import { runFolderOf } from "../../model/ownership.ts"
import type { Step } from "../../model/step.ts"
import { INTERRUPTED } from "../../model/step.ts"
import { attempt } from "../step-result.ts"
import { endingWord } from "./ending.ts"
import { healthPath, lastCheck, parseHealth } from "./health.ts"
import { wantedAttributes } from "./spawn.ts"
import type { ContainerAttributes } from "./spec.ts"
import type { Condition } from "./spec-health.ts"
import { hasHealthcheck, longestStart } from "./spec-health.ts"
import { isRestarted } from "./spec-life.ts"

/** Files are looked at so often: a check itself takes longer. */
const LOOK_MS = 50
/** Beyond what a healthcheck may take by its own words: for a machine that is busy. */
const SLACK_MS = 10_000
/** Of a command that is to end of its own accord nobody knows how long it takes. */
const LONGEST_COMMAND_MS = 3_600_000

/**
 * Step `wait`: until those that it depends on are as `depends_on` wants them. What is waited for is read from their run folders, where
 * their monitors tell it.
 */
export function wait(steps: readonly Step[], run: Run): Promise<StepResult>[] {
  return steps.map((step) =>
    attempt(async () => {
      for (const [address, condition] of Object.entries(wantedAttributes(step).conditions)) {
        await until(address, condition, run).catch((failure) => {
          throw failure instanceof DiagnosticError ? atDependency(step, address, failure) : failure
        })
      }
    }),
  )
}

/** The same, shown where the one that waits names the one that is waited for. */
function atDependency({ change }: Step, address: Address, { diagnostics }: DiagnosticError): DiagnosticError {
  const range = change.resource?.range(`depends_on.${splitAddress(address).name}`)
  return new DiagnosticError(...diagnostics.map((diagnostic) => (range === undefined ? diagnostic : { ...diagnostic, range })))
}

async function until(address: Address, condition: Condition, run: Run): Promise<void> {
  const end = Date.now() + longestWait(address, condition, run)
  const holds = condition === "service_healthy" ? isHealthy : hasCompleted
  for (;;) {
    if (holds(address, run)) return
    if (run.interrupted?.() === true) throw failed(address, `interrupted while waiting for ${address}`, INTERRUPTED)
    if (Date.now() > end) throw tooLong(address, condition, run)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

function longestWait(address: Address, condition: Condition, run: Run): number {
  if (condition !== "service_healthy") return LONGEST_COMMAND_MS
  const { healthcheck } = wantedOf(address, run) ?? {}
  return SLACK_MS + (hasHealthcheck(healthcheck) ? longestStart(healthcheck) : 0)
}

/** Throws where it will not be. */
function isHealthy(address: Address, run: Run): boolean {
  const health = healthOf(address, run)
  if (health?.status === "healthy") return true
  if (health?.status === "unhealthy") throw failed(address, `${address} is unhealthy`, "unhealthy", lastCheck(health))
  if (isRunning(address, run) || isToRun(address, run)) return false
  throw failed(address, `${address} has ended before it was healthy`, "unhealthy", endingOf(address, run))
}

function hasCompleted(address: Address, run: Run): boolean {
  const isWatched = hasMonitor(address, run)
  const ending = endingOf(address, run)
  if (ending === "exit 0") return true
  if (ending === undefined && !isWatched) throw failed(address, `${address} has not completed: its monitor is gone`, "not-completed")
  if (ending !== undefined && !isToRun(address, run))
    throw failed(address, `${address} has not completed successfully`, "not-completed", ending)
  return false
}

function healthOf(address: Address, { kernel, stack }: Run) {
  return parseHealth(kernel.read(healthPath(stack, splitAddress(address).name)))
}

/** `exit 0`, `signal 9`, `power-off`: of the first line of what its monitor has written; undefined while it runs. */
function endingOf(address: Address, run: Run): string | undefined {
  const ending = run.kernel.read(`${runFolderOf(run.stack, splitAddress(address).name)}/state`)?.split("\n", 1)[0]
  return ending === undefined ? undefined : endingWord(ending, wantedOf(address, run) as ContainerAttributes | undefined)
}

function wantedOf(address: Address, { desired }: Run): Partial<ContainerAttributes> | undefined {
  return desired.resources.find((resource) => resource.address === address)?.attributes as Partial<ContainerAttributes> | undefined
}

function isRunning(address: Address, run: Run): boolean {
  return isAlive(run.born.get(address)?.init as ProcessId | undefined, run)
}

/** Without it nobody ever tells how the command has ended, nor starts it again. */
function hasMonitor(address: Address, run: Run): boolean {
  return isAlive(run.born.get(address)?.monitor as ProcessId | undefined, run)
}

/** A monitor that is killed is this process's own child: it is a zombie as long as that has not looked. */
function isAlive(process: ProcessId | undefined, { kernel }: Run): boolean {
  const stat = process === undefined ? null : kernel.read(`/proc/${process.pid}/stat`)
  if (stat === null || /^\) [ZX] /.test(stat.slice(stat.lastIndexOf(")")))) return false
  return startTimeIn(stat) === process?.startTime
}

/** Its monitor starts it again, or has done so: of one that has a policy the end is not told before it is the last. */
function isToRun(address: Address, run: Run): boolean {
  const { kernel, stack } = run
  if (!hasMonitor(address, run) || !isRestarted(wantedOf(address, run) ?? {})) return false
  const state = kernel.read(`${runFolderOf(stack, splitAddress(address).name)}/state`)
  return state === null || state.includes("\nrestarting ")
}

function tooLong(address: Address, condition: Condition, run: Run): DiagnosticError {
  const health = healthOf(address, run)
  const what = condition === "service_healthy" ? "did not become healthy" : "did not complete"
  return failed(address, `${address} ${what} in time`, "wait-timeout", health === undefined ? undefined : lastCheck(health))
}

function failed(address: Address, summary: string, code: string, detail?: string): DiagnosticError {
  const { name } = splitAddress(address)
  const hint = `\`stack logs ${name}\` shows what it has printed`
  return new DiagnosticError(error(code, summary, { hint, ...(detail === undefined ? {} : { detail }) }))
}
