import type { Diagnostic } from "../base/diagnostic.ts"
import { now } from "../kernel/clock.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { drivers } from "../kinds/drivers.ts"
import type { Run, StackGroups, StepResult, StepRunner } from "../model/driver.ts"
import type { ApplyResult, Event } from "../model/event.ts"
import type { Plan } from "../model/plan.ts"
import type { Snapshot } from "../model/resource.ts"
import type { Step } from "../model/step.ts"
import { INTERRUPTED } from "../model/step.ts"
import { abandonParked } from "./abandon.ts"
import { forgetChanging, rememberApplied } from "./applied.ts"
import { nextBatches } from "./batches.ts"
import { failureDiagnostic, thrownFailure } from "./failure.ts"
import { GraphWalk } from "./graph-walk.ts"
import type { Guard } from "./guard.ts"
import { shuffler } from "./shuffle.ts"
import type { TakenOver } from "./taken-over.ts"
import { announce, takenOver } from "./taken-over.ts"

export interface ApplyContext {
  kernel: Kernel
  cgroups: StackGroups
  environment?: NonNullable<Run["environment"]>
}

export interface ApplyOptions {
  /** How many containers may be spawned, started or stopped at a time. */
  parallelism: number
  /** Once aborted, what runs may end and nothing new begins. */
  signal: AbortSignal
  /** Hears of every step; the plan itself and the verification are the caller's to tell. */
  emit(event: Event): void
  /** Of a plan that was kept: nothing new begins once it has objected. */
  guard?: Guard
  /** A seed: ready steps are run in an order by chance, which shows a missing edge. */
  shuffle?: number
  /** Milliseconds of a monotonic clock. */
  now?(): number
}

/**
 * Walks the plan's graph: every step that is ready goes to its driver, all of one op together. A step that fails takes
 * along those that wait for it, and nothing else. @throws DiagnosticError where nothing may be begun
 */
export async function applyPlan(plan: Plan, snapshot: Snapshot, context: ApplyContext, options: ApplyOptions): Promise<ApplyResult> {
  const time = options.now ?? now
  const progress: Run["progress"] = (step, done, total) => options.emit({ type: "step-progress", step, at: time(), done, total })
  const interrupted = () => options.signal.aborted
  const run: Run = { ...context, stack: plan.stack, desired: plan.desired, born: bornBefore(snapshot), progress, interrupted }
  requireSuccessors(plan, context.cgroups)
  const execution = new Execution(plan.steps, run, options, takenOver(plan, snapshot))
  forgetChanging(run.kernel, plan, snapshot)
  await execution.walkAll()
  await abandonParked(run, execution.result)
  rememberApplied(run.kernel, plan, snapshot, execution.result)
  return execution.result
}

/**
 * Throws a DiagnosticError where somebody has frozen what is above the stack, and something is to be ended for what could not begin then. What is
 * frozen within the stack is thawed on the way.
 */
function requireSuccessors({ steps }: Plan, cgroups: StackGroups): void {
  const ended = steps.find(({ op, change }) => op === "stop" && change.action === "replace")
  if (ended !== undefined) cgroups.requireRunning(ended.change.name)
}

/** The values that the snapshot found in the kernel. */
function bornBefore(snapshot: Snapshot): Run["born"] {
  return new Map([...snapshot.resources.values()].map((observed) => [observed.address, { ...observed.live }]))
}

interface Results extends ApplyResult {
  done: Step[]
  failed: { step: Step; diagnostic: Diagnostic }[]
  skipped: { step: Step; because: string }[]
}

/**
 * Spawned in one go. Then what has ended meanwhile is looked at: links are made for the first containers while the
 * monitors of the next ones still make their namespaces, so that no processor waits for the other.
 */
const SPAWNS = 16

class Execution {
  readonly result: Results = { done: [], failed: [], skipped: [], interrupted: false }
  readonly #walk: GraphWalk
  readonly #run: Run
  readonly #options: ApplyOptions
  readonly #takenOver: TakenOver
  readonly #now: () => number
  readonly #mix: <T>(list: readonly T[]) => readonly T[]
  readonly #running = new Set<Step>()
  readonly #ended: (() => void)[] = []
  #wake: () => void = () => {}
  /** The guard has objected. */
  #stale: boolean = false
  /** Steps were left ready that could have been started. */
  #more = false

  constructor(steps: readonly Step[], run: Run, options: ApplyOptions, taken: TakenOver) {
    this.#walk = new GraphWalk(steps)
    this.#run = run
    this.#options = options
    this.#takenOver = taken
    this.#now = options.now ?? now
    this.#mix = options.shuffle === undefined ? (list) => list : shuffler(options.shuffle)
  }

  async walkAll(): Promise<void> {
    for (;;) {
      if (!this.#stopped) this.#startReady()
      if (this.#running.size === 0 && this.#ended.length === 0) break
      await this.#someEnd()
    }
    const rest = this.#walk.rest()
    // What was waited for may be the last of all, or all others wait for that.
    const waited = this.result.failed.some(({ diagnostic }) => diagnostic.code === INTERRUPTED)
    if (rest.length === 0 && !waited) return
    this.result.interrupted = this.#options.signal.aborted
    if (this.result.interrupted) this.#options.emit({ type: "interrupted" })
    for (const step of rest) this.#skip(step, this.result.interrupted ? "interrupted" : "the plan is stale")
  }

  get #stopped(): boolean {
    return this.#stale || this.#options.signal.aborted
  }

  #startReady(): void {
    this.#more = false
    for (const batch of nextBatches(this.#mix(this.#walk.ready), this.#running, this.#options.parallelism, runnerOf)) {
      if (this.#stopped) return
      const now = batch[0]?.op === "spawn" || batch[0]?.op === "restart" ? batch.slice(0, SPAWNS) : batch
      this.#start(now)
      this.#more = now.length < batch.length
    }
  }

  #start(wanted: readonly Step[]): void {
    this.#walk.take(wanted)
    const at = this.#now()
    const batch = this.#guarded(wanted, at)
    if (batch.length === 0) return
    for (const step of batch) {
      this.#running.add(step)
      this.#options.emit({ type: "step-start", step, at })
    }
    runBatch(batch, this.#run).forEach((outcome, i) => {
      const step = batch[i] as Step
      const end = (result: StepResult) => {
        const ended = this.#now()
        this.#ended.push(() => this.#end(step, result, ended, ended - at))
        this.#wake()
      }
      outcome.then(end, (thrown: unknown) => end({ ok: false, failure: thrownFailure(step, thrown) }))
    })
  }

  /** Those whose objects are still the ones that the plan is about. */
  #guarded(steps: readonly Step[], at: number): readonly Step[] {
    const problems = this.#options.guard?.(steps) ?? []
    return steps.filter((step, i) => {
      const failure = problems[i]
      if (failure === undefined) return true
      this.#stale = true
      this.#ended.push(() => this.#end(step, { ok: false, failure }, at, 0))
      return false
    })
  }

  /** Waits until a step ends, unless more could be started; then gathers all that end in the same turn of the event loop, so that what they release goes together. */
  async #someEnd(): Promise<void> {
    if (this.#ended.length === 0 && !this.#more) await new Promise<void>((resolve) => (this.#wake = resolve))
    await new Promise((resolve) => setImmediate(resolve))
    for (const end of this.#ended.splice(0)) end()
  }

  #end(step: Step, result: StepResult, at: number, took: number): void {
    this.#running.delete(step)
    if (result.ok) {
      if (step.op === "create" || step.op === "update") announce(this.#takenOver.get(step.change.address) ?? [], this.#run)
      this.result.done.push(step)
      this.#options.emit({ type: "step-done", step, at, took })
      this.#walk.succeeded(step)
      return
    }
    const diagnostic = failureDiagnostic(step, result.failure, this.#run)
    this.result.failed.push({ step, diagnostic })
    this.#options.emit({ type: "step-failed", step, at, took, diagnostic })
    for (const lost of this.#walk.failed(step)) this.#skip(lost, step.id)
  }

  #skip(step: Step, because: string): void {
    this.result.skipped.push({ step, because })
    this.#options.emit({ type: "step-skipped", step, because })
  }
}

function runnerOf({ change, op }: Step): StepRunner {
  const runner = drivers[change.kind].ops[op]
  if (runner === undefined) throw new Error(`${change.kind} has no op ${op}`)
  return runner
}

/** One driver call. A bug in it fails its own steps, and leaves the results of others alone. */
function runBatch(batch: readonly Step[], run: Run): Promise<StepResult>[] {
  try {
    const results = runnerOf(batch[0] as Step)(batch, run)
    return batch.map((_, i) => results[i] ?? Promise.reject(new Error("the driver gave no result")))
  } catch (thrown) {
    return batch.map((step) => Promise.resolve({ ok: false, failure: thrownFailure(step, thrown) }))
  }
}
