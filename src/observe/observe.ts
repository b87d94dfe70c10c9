import type { Kernel } from "../kernel/kernel.ts"
import { drivers } from "../kinds/drivers.ts"
import type { StackGroups } from "../model/driver.ts"
import type { Desired, HostFacts, Observed, Snapshot } from "../model/resource.ts"
import { readHostFacts } from "./host.ts"
import { makeScope } from "./scope.ts"

/**
 * One immutable reading of all that the kernel holds of a stack, whether the file still wants it or not, and of what
 * stands in the way of what it wants. Changes nothing.
 */
export function observe(kernel: Kernel, desired: Desired, cgroups: StackGroups, controllers: HostFacts["controllers"]): Snapshot {
  const scope = makeScope(kernel, desired, cgroups)
  const readings = Object.values(drivers).map((driver) => driver.observe(scope))
  const resources = new Map<string, Observed>()
  for (const observed of readings.flatMap((r) => r.resources)) resources.set(observed.address, observed)
  return { resources, foreign: readings.flatMap((r) => r.foreign), host: readHostFacts(kernel, desired, controllers) }
}
