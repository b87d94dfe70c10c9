import { parseCpuList } from "../../base/cpu.ts"
import type { Diagnostic } from "../../base/diagnostic.ts"
import { error } from "../../base/diagnostic.ts"
import type { Attributes, HostFacts, Observed, Resource, Value } from "../../model/resource.ts"
import { limitProblems } from "./problems.ts"
import { roundLimits } from "./rounding.ts"
import type { Limits } from "./spec.ts"

/** Both sides' limits as the kernel spells them. */
export function normaliseLimits(
  desired: Attributes,
  observed: Observed,
  { controllers }: HostFacts,
): { desired: Attributes; observed: Attributes } {
  const rounded = (attributes: Attributes): Attributes =>
    attributes.limits === undefined ? attributes : { ...attributes, limits: roundLimits(attributes.limits as Limits, controllers) as Value }
  return { desired: rounded(desired), observed: rounded(observed.attributes) }
}

/** The limits that this host cannot hold, each where the file says it. */
export function limitDiagnostics(resource: Resource, host: HostFacts): Diagnostic[] {
  const limits = (resource.attributes.limits ?? {}) as Limits
  return limitProblems(limits, host.controllers, host).map(({ path, message, hint }) => {
    const range = resource.range(path) ?? resource.range()
    return error("unsupported-limit", message, {
      address: resource.address,
      ...(hint === undefined ? {} : { hint }),
      ...(range === undefined ? {} : { range }),
    })
  })
}

/** True where every limit that differs gets tighter. */
export function lowersOnly(before: Limits, after: Limits): boolean {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof Limits>
  return [...keys].every((key) => lowers(before[key], after[key]))
}

function lowers(before: Limits[keyof Limits], after: Limits[keyof Limits]): boolean {
  if (before === after || before === undefined) return true
  if (typeof before === "number" && typeof after === "number") return after < before
  if (typeof before === "string" && typeof after === "string") return isSubset(after, before)
  return false
}

function isSubset(list: string, of: string): boolean {
  const all = new Set(parseCpuList(of))
  return (parseCpuList(list) ?? []).every((cpu) => all.has(cpu))
}
