import { readDelegatedLayout, readLayout } from "../kernel/cgroup/layout.ts"
import { stackGroups } from "../kernel/cgroup/tree.ts"
import { withoutGroups } from "../kernel/cgroup/without.ts"
import type { LinuxKernel } from "../kernel/linux.ts"
import type { StackGroups } from "../model/driver.ts"
import { ROOTLESS } from "../model/ownership.ts"
import type { Desired, HostFacts, Snapshot } from "../model/resource.ts"
import { observe } from "../observe/observe.ts"
import { requireSoundKept, requireSoundRunFolder } from "../observe/run-folder.ts"
import type { Begun } from "../observe/scope.ts"
import type { Context } from "./context.ts"
import { refusedReading } from "./privileges.ts"

/** One stack on its kernel. */
export interface Session {
  stack: string
  kernel: LinuxKernel
  cgroups: StackGroups
  controllers: HostFacts["controllers"]
  /** The caller's. */
  environment: Context["environment"]
}

export function openSession(stack: string, context: Context): Session {
  const kernel = context.kernel()
  const layout = ROOTLESS ? readDelegatedLayout(kernel) : readLayout(kernel)
  const groups =
    layout === undefined
      ? { cgroups: withoutGroups(kernel, stack), controllers: {} }
      : { cgroups: stackGroups(kernel, layout, stack), controllers: layout.controllers }
  return { stack, kernel, ...groups, environment: context.environment }
}

/**
 * Reads what is live; `begun`: what has been read of it already. Refused for want of privilege: a DiagnosticError that names the missing capabilities.
 */
export function observeStack({ kernel, cgroups, controllers }: Session, desired: Desired, begun?: Begun): Snapshot {
  try {
    if (begun === undefined) requireSoundRunFolder(kernel, desired.stack)
    requireSoundKept(kernel, desired)
    return observe(kernel, desired, cgroups, controllers, begun)
  } catch (failure) {
    throw refusedReading(failure, kernel)
  }
}
