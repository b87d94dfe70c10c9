import { DiagnosticError } from "../base/diagnostic.ts"
import { readLayout } from "../kernel/cgroup/layout.ts"
import type { Kernel } from "../kernel/kernel.ts"
import type { Tried } from "../kernel/tries.ts"
import type { HostFacts } from "../model/resource.ts"
import { unloadedModules } from "../observe/modules.ts"
import { whoIs } from "../observe/whose.ts"
import type { Check } from "./check.ts"
import { SUBJECTS, works } from "./check.ts"
import type { Folders } from "./files.ts"
import { fileChecks, fileRequests } from "./files.ts"
import type { Groups } from "./groups.ts"
import { groupChecks, groupRequests } from "./groups.ts"
import { hostChecks } from "./host.ts"
import { kernelChecks, kernelRequests } from "./kernel.ts"
import { userChecks, userRequests } from "./user.ts"

export interface Examination {
  checks: readonly Check[]
  /** Of the controllers, those that limits can be put in. */
  controllers: HostFacts["controllers"]
}

/** Looks at everything; changes nothing. `tryAll`: what has the requests tried. Throws a DiagnosticError where there is no /proc to look at. */
export function examine(kernel: Kernel, folders: Folders, tryAll: (requests: readonly string[]) => Map<string, Tried>): Examination {
  const layout = layoutOf(kernel)
  const who = whoIs(kernel)
  const unloaded = unloadedModules(kernel)
  const tried = tryAll([
    ...kernelRequests(unloaded),
    ...groupRequests(kernel, layout),
    ...fileRequests(kernel, folders),
    ...userRequests(kernel, who),
  ])
  const found = [
    ...kernelChecks(tried, unloaded),
    ...groupChecks(kernel, layout, tried),
    ...fileChecks(kernel, folders, tried),
    ...userChecks(kernel, who, tried),
    ...hostChecks(kernel),
  ]
  const checks = SUBJECTS.flatMap((subject) => found.filter((one) => one.subject === subject))
  return { checks, controllers: usable(layout, checks) }
}

function layoutOf(kernel: Kernel): Groups {
  try {
    return readLayout(kernel)
  } catch (failure) {
    if (failure instanceof DiagnosticError && failure.diagnostics.some(({ code }) => code === "no-cgroups")) return undefined
    throw failure
  }
}

function usable(layout: Groups, checks: readonly Check[]): HostFacts["controllers"] {
  const refused = new Set(checks.filter((one) => !works(one)).map(({ id }) => id))
  return Object.fromEntries(
    Object.entries(layout?.controllers ?? {}).filter(([name]) => !refused.has(`cgroup:${name === "swap" ? "memory" : name}`)),
  )
}
