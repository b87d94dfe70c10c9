import type { StackLock } from "../apply/lock.ts"
import { takeLock } from "../apply/lock.ts"
import { RUN_ROOT } from "../model/ownership.ts"
import { lookIntoRunFolder } from "../observe/run-folder.ts"
import type { Begun } from "../observe/scope.ts"
import { beginReading } from "../observe/scope.ts"
import type { Beside } from "../stackfile/build.ts"
import type { Context } from "./context.ts"
import type { Session } from "./session.ts"
import { openSession } from "./session.ts"

/** A session whose first reading has begun. */
export interface Ahead {
  session: Session
  /** Takes the next step of it, which is the last, if it was not taken already. */
  goOn(): void
  /** Undefined where it could not be begun: it is to be begun again, and what is wrong told. */
  begun(): Begun | undefined
}

/**
 * A reading, or what else there is, that goes on while the file is looked through, as soon as its stack's name is known. What fails then is
 * none: it fails again in its turn, and is told.
 */
export function besideOf<T extends Ahead>(begin: (stack: string) => T | undefined): Beside & { ahead(): T | undefined } {
  let ahead: T | undefined
  return {
    whenNamed: (stack) => {
      ahead = orNone(() => begin(stack))
    },
    inBetween: () => ahead?.goOn(),
    ahead: () => ahead,
  }
}

export function readAhead(session: Session): Ahead {
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

/** One that may be relied on: with the lock in hand nobody else changes the stack. Without it nothing is read yet. */
export interface LockedAhead extends Ahead {
  lock?: StackLock
}

/** Without waiting for the lock. Nor is it taken where nothing is there of the stack: for a file that may be wrong no folder is made. */
export function lockAhead(stack: string, context: Context): LockedAhead {
  const session = openSession(stack, context)
  const { kernel, cgroups } = session
  const lock = kernel.lstat(`${RUN_ROOT}/${stack}`) === null ? null : orNone(() => takeLock(kernel, stack, cgroups))
  return lock ? { ...readAhead(session), lock } : { session, goOn: () => undefined, begun: () => undefined }
}
