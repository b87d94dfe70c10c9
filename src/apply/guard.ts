import type { Address } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import type { Kernel, NetDump, ProcessId } from "../kernel/kernel.ts"
import type { Observed } from "../model/resource.ts"
import type { Step } from "../model/step.ts"
import { startTimeOf } from "../observe/monitors.ts"

export const STALE = "stale-plan"

/** Looks at the objects of steps before they are begun: a diagnostic where one is not the object that the plan was made for. */
export type Guard = (steps: readonly Step[]) => (Diagnostic | undefined)[]

/**
 * For a plan that someone has agreed to: the object of a resource is looked at once more just before its first step. What a step has
 * to remove may be gone already, with the container it was in; another object in its place is never touched.
 */
export function objectGuard(kernel: Kernel): Guard {
  const seen = new Set<Address>()
  return (steps) => {
    let host: NetDump | undefined
    return steps.map((step) => {
      const { observed } = step.change
      if (observed === undefined || seen.has(step.address)) return undefined
      seen.add(step.address)
      const problem =
        processProblem(kernel, step, observed) ??
        groupProblem(kernel, observed) ??
        linkProblem(step, observed, () => (host ??= kernel.dump("host")))
      return problem === undefined ? undefined : stale(step.address, problem)
    })
  }
}

function stale(address: Address, problem: string): Diagnostic {
  return error(STALE, "the plan is stale", {
    detail: `${address}: ${problem}`,
    hint: "make a new one with `stack plan --out FILE`",
    address,
  })
}

function processProblem(kernel: Kernel, { op }: Step, { live }: Observed): string | undefined {
  const monitor = live.monitor as unknown as ProcessId | undefined
  if (monitor === undefined) return undefined
  const startTime = startTimeOf(kernel.read(`/proc/${monitor.pid}/stat`))
  if (startTime === monitor.startTime || (startTime === undefined && op === "stop")) return undefined
  return `its monitor, process ${monitor.pid}, is gone`
}

function groupProblem(kernel: Kernel, { live }: Observed): string | undefined {
  if (typeof live.inode !== "string" || typeof live.path !== "string") return undefined
  return kernel.inode(live.path) === live.inode ? undefined : `the cgroup at ${live.path} is another one`
}

function linkProblem({ op }: Step, { live }: Observed, host: () => NetDump): string | undefined {
  if (typeof live.ifindex !== "number" || live.ifindex === 0) return undefined
  const link = host().links.find(({ index }) => index === live.ifindex)
  if (link === undefined) return op === "delete" ? undefined : `link ${live.ifindex} is gone`
  return typeof live.interface !== "string" || live.interface === link.name ? undefined : `link ${live.ifindex} is called ${link.name} now`
}
