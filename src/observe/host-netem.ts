import type { Kernel } from "../kernel/kernel.ts"
import { impairedEnds } from "../kinds/link/kind-impaired-ends.ts"
import type { Desired, HostFacts } from "../model/resource.ts"
import { unloadedModules } from "./modules.ts"

/** Asking has the kernel load a module: so it is asked only where none is that could be loaded. */
export function impairFacts(kernel: Kernel, desired: Desired): Pick<HostFacts, "netem"> {
  if (!desired.resources.some((resource) => impairedEnds(resource).length > 0)) return {}
  return { netem: unloadedModules(kernel).has("sch_netem") || kernel.hasQdisc("netem") }
}
