import { readDelegatedLayout, readLayout } from "../kernel/cgroup/layout.ts"
import { stackGroups } from "../kernel/cgroup/tree.ts"
import { withoutGroups } from "../kernel/cgroup/without.ts"
import type { LinuxKernel } from "../kernel/linux.ts"
import type { StackGroups } from "../model/driver.ts"
import { ROOTLESS } from "../model/ownership.ts"
import type { Desired, HostFacts, Snapshot } from "../model/resource.ts"
import { observe } from "../observe/observe.ts"
import { lookIntoRunFolder, requireSoundKept, requireSoundRunFolder } from "../observe/run-folder.ts"
import type { Begun } from "../observe/scope.ts"
import { beginReading } from "../observe/scope.ts"
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

/** A session whose first reading has begun. */
export interface Ahead {
  session: Session
  /** Takes the next step of it, which is the last, if it was not taken already. */
  goOn(): void
  /** Undefined where it could not be begun: it is to be begun again, and what is wrong told. */
  begun(): Begun | undefined
}

/** Reads on while the file is looked through, as soon as its stack's name is known. What fails then is none: it fails again in its turn, and is told. */
export function readAhead(stack: string, context: Context): Ahead | undefined {
  const session = orNone(() => openSession(stack, context))
  if (session === undefined) return undefined
  let next = orNone(() => beginSoundReading(session))
  let begun: Begun | undefined
  const goOn = () => {
    const step = next
    next = undefined
    if (step !== undefined) begun = orNone(step)
  }
  return {
    session,
    goOn,
    begun: () => {
      goOn()
      return begun
    },
  }
}

/** In the same steps as the reading: what is in the run folder is trusted by nothing but them. */
function beginSoundReading({ kernel, stack, cgroups }: Session): () => Begun {
  const { paths, requireSound } = lookIntoRunFolder(kernel, stack)
  const texts = kernel.readBeside(paths)
  const further = beginReading(kernel, stack, cgroups)
  return () => {
    requireSound(texts())
    return further()
  }
}

function orNone<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
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
