import { setMaxListeners } from "node:events"
import fc from "fast-check"
import { applyPlan } from "../../src/apply/apply.ts"
import { lockStack } from "../../src/apply/lock.ts"
import { verify } from "../../src/apply/verify.ts"
import type { Address } from "../../src/base/address.ts"
import { readLayout } from "../../src/kernel/cgroup/layout.ts"
import { stackGroups } from "../../src/kernel/cgroup/tree.ts"
import type { Kernel } from "../../src/kernel/kernel.ts"
import type { ApplyResult } from "../../src/model/event.ts"
import type { Planned } from "../../src/model/plan.ts"
import type { Desired, Resource } from "../../src/model/resource.ts"
import { observe } from "../../src/observe/observe.ts"
import { planAsText } from "../../src/plan/format.ts"
import { makePlan } from "../../src/plan/plan.ts"
import { markReplaced } from "../../src/plan/select.ts"
import { resource } from "../kinds/resources.ts"

const FOREVER = new AbortController()
setMaxListeners(0, FOREVER.signal)

export interface Applied extends ApplyResult {
  planned: Planned
  /** What a plan made afterwards would still change. */
  left: string
}

export interface ApplyWith {
  shuffle?: number
  parallelism?: number
  signal?: AbortSignal
  /** As `--replace` names them. */
  replace?: readonly Address[]
}

/** What is done by one `stack apply`, beginning to end. */
export async function apply(kernel: Kernel, desired: Desired, how: ApplyWith = {}): Promise<Applied> {
  const { controllers, ...groups } = groupsOf(kernel, desired.stack)
  const lock = await lockStack(kernel, desired.stack, 0, groups.cgroups)
  try {
    const snapshot = markReplaced(observe(kernel, desired, groups.cgroups, controllers), how.replace ?? [], desired)
    const planned = makePlan(desired, snapshot)
    const context = { kernel, cgroups: groups.cgroups }
    const { shuffle } = how
    const result = await applyPlan(planned.plan, snapshot, context, {
      parallelism: how.parallelism ?? 3,
      signal: how.signal ?? FOREVER.signal,
      emit: () => {},
      ...(shuffle === undefined ? {} : { shuffle }),
    })
    const after = verify(planned.plan, { ...context, controllers })
    return { ...result, planned, left: after.plan.hasChanges ? planAsText(after.plan) : "" }
  } finally {
    lock.release()
  }
}

export function destroy(kernel: Kernel, stack: string, how: ApplyWith = {}): Promise<Applied> {
  return apply(kernel, { stack, resources: [], allVolumes: true }, how)
}

/** `stack plan`. */
export function plan(kernel: Kernel, desired: Desired): Planned {
  const { cgroups, controllers } = groupsOf(kernel, desired.stack)
  return makePlan(desired, observe(kernel, desired, cgroups, controllers))
}

function groupsOf(kernel: Kernel, stack: string) {
  const layout = readLayout(kernel)
  return { cgroups: stackGroups(kernel, layout, stack), controllers: layout.controllers }
}

/** An example takes a fraction of a second: one that waits for what never comes is told with its seed, too, and not made smaller for ever. */
const PATIENCE_MS = 20_000
const FEW = 100
/** `PROPERTY_SEED=N` has the examples of a failure that was told with it. */
const SEED = process.env.PROPERTY_SEED === undefined ? {} : { seed: Number(process.env.PROPERTY_SEED) }
const LIMIT = { interruptAfterTimeLimit: 120_000, markInterruptAsFailure: true }

/** fast-check's verdict in few words: the smallest example as `{kind name: attributes that are not the defaults}`, and the error. */
export async function holds<T extends unknown[]>(property: fc.IAsyncPropertyWithHooks<T>, numRuns: number): Promise<void> {
  const result = await fc.check(property, { numRuns, timeout: PATIENCE_MS, ...(numRuns > FEW ? {} : LIMIT), ...SEED })
  if (!result.failed) return
  const example = (result.counterexample ?? []).map((value) => JSON.stringify(brief(value), null, 1))
  throw new Error(
    `PROPERTY_SEED=${result.seed}, path ${result.counterexamplePath}\n${example.join("\n")}\n${(result.errorInstance as Error).stack}`,
  )
}

function brief(value: unknown): unknown {
  const { resources, from, to } = (value ?? {}) as Partial<Desired> & { from?: unknown; to?: unknown }
  if (from !== undefined && to !== undefined) return { from: brief(from), to: brief(to) }
  if (!Array.isArray(resources)) return value
  return resources.map((r) =>
    [
      r.address,
      Object.entries(r.attributes)
        .filter(([key, v]) => !isDefault(r, key, v))
        .map(([key, v]) => `${key}=${JSON.stringify(v)}`)
        .join(" "),
    ].join(" "),
  )
}

function isDefault({ kind, name }: Resource, key: string, value: unknown): boolean {
  return JSON.stringify(resource(kind, name).attributes[key]) === JSON.stringify(value)
}

/** Fails with what went wrong in an apply that must succeed. */
export function mustConverge({ failed, skipped, left, planned }: Applied): void {
  const problems = [
    ...planned.diagnostics.map((d) => `${d.code}: ${d.summary}`),
    ...failed.map(({ step, diagnostic: d }) => `${step.id}: ${d.summary} ${d.detail ?? ""}`),
    ...skipped.map(({ step, because }) => `${step.id} skipped because of ${because}`),
    ...(left === "" ? [] : [`a second plan is not empty:\n${left}`]),
  ]
  if (problems.length > 0) throw new Error(`${problems.join("\n")}\nthe plan was:\n${planAsText(planned.plan)}`)
}
