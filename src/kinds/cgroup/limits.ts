import { formatCpuList, parseCpuList } from "../../base/cpu.ts"
import type { Diagnostic } from "../../base/diagnostic.ts"
import { error } from "../../base/diagnostic.ts"
import type { Attributes, HostFacts, Observed, Resource, Value } from "../../model/resource.ts"
import type { LimitProblem } from "./problems.ts"
import { limitProblems } from "./problems.ts"
import { roundLimits } from "./rounding.ts"
import type { Limits } from "./spec.ts"

/** Both sides' limits as the kernel spells them. */
export function normaliseLimits(
  desired: Attributes,
  observed: Observed,
  { controllers }: HostFacts,
): { desired: Attributes; observed: Attributes } {
  const rounded = (attributes: Attributes): Attributes => {
    const limits = attributes.limits as Limits | undefined
    // Most have none: a copy of all attributes for nothing is what a large plan would pay for.
    if (limits === undefined || Object.keys(limits).length === 0) return attributes
    const kept = roundLimits(limits, controllers)
    return isSame(limits, kept) ? attributes : { ...attributes, limits: kept as Value }
  }
  return { desired: rounded(desired), observed: rounded(observed.attributes) }
}

/** Of one by device or file it is not looked at whether it is. */
function isSame(a: Limits, b: Limits): boolean {
  const keys = Object.keys(a) as (keyof Limits)[]
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}

/** The limits that this host cannot hold, each where the file says it. */
export function limitDiagnostics(
  resource: Resource,
  host: Pick<HostFacts, "controllers" | "absentDevices" | "absentFiles" | "processors" | "rootless">,
): Diagnostic[] {
  const limits = (resource.attributes.limits ?? {}) as Limits
  const found = limitProblems(limits, host.controllers, host)
  return (host.rootless === undefined ? found : found.map(undelegated)).map(({ path, message, hint }) => {
    const range = resource.range(path) ?? resource.range()
    return error("unsupported-limit", message, {
      address: resource.address,
      ...(hint === undefined ? {} : { hint }),
      ...(range === undefined ? {} : { range }),
    })
  })
}

/** An ordinary user has of the hierarchies what was delegated to it. */
function undelegated(problem: LimitProblem): LimitProblem {
  if (problem.lacks === undefined) return problem
  const message = `${problem.path} needs the ${problem.lacks} controller, and no cgroup with it belongs to this user`
  const hint = `take it out, or run it as root, or in a delegated group (systemd-run --user --scope -p Delegate=yes stack …)`
  return { ...problem, message, hint }
}

/**
 * What holds while a group and those in it go from one to the other: of each limit the wider one. On cgroup v1 no group may
 * have processors, or a share of them, that the one above it has not, at any moment.
 */
export function widest(before: Limits, after: Limits): Limits {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof Limits)[]
  const entries = keys.map((key) => [key, wider(before[key], after[key])] as const)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

/** Of a limit by device or file no value is known to be the wider one: it stays as it is. */
function wider(before: Limits[keyof Limits], after: Limits[keyof Limits]): Limits[keyof Limits] {
  if (typeof before === "object" || typeof after === "object") return before
  if (before === undefined || after === undefined || before === "max" || after === "max") return undefined
  if (typeof before === "number" && typeof after === "number") return Math.max(before, after)
  return formatCpuList([...new Set([...cpusOf(before), ...cpusOf(after)])].sort((a, b) => a - b))
}

function cpusOf(list: Limits[keyof Limits]): number[] {
  return parseCpuList(String(list)) ?? []
}
