import type { Diagnostic } from "../base/diagnostic.ts"
import { DiagnosticError, error } from "../base/diagnostic.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { KernelError } from "../kernel/kernel.ts"
import type { StackGroups } from "../model/driver.ts"
import { KEPT_ROOT, LAYER_ROOT, namesLayerOf, RUN_ROOT, VOLUME_ROOT, volumesFolderOf, waitingFileOf } from "../model/ownership.ts"
import { folderProblem, requireSoundRunFolder } from "../observe/run-folder.ts"
import { removeLeftLock } from "./id-lock.ts"

const RETRY_MS = 50

export interface StackLock {
  release(): void
}

/**
 * The one lock of a stack: whoever changes it holds it. Throws a DiagnosticError that says who does when it is not free
 * within `timeoutMs`. Releasing it also removes the folders of a stack that has nothing left, in the cgroup hierarchies too.
 */
export async function lockStack(kernel: Kernel, stack: string, timeoutMs: number, cgroups?: Pick<StackGroups, "tidy">): Promise<StackLock> {
  const attempts = Math.ceil(Math.max(0, timeoutMs) / RETRY_MS)
  for (let attempt = 0; ; attempt++) {
    const lock = takeLock(kernel, stack, cgroups)
    if (lock !== null) return lock
    if (attempt >= attempts) throw new DiagnosticError(lockedDiagnostic(kernel, stack))
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

/** The same at once; null where it is not free. */
export function takeLock(kernel: Kernel, stack: string, cgroups?: Pick<StackGroups, "tidy">): StackLock | null {
  const held = tryLock(kernel, stack)
  if (held === null) return null
  try {
    // For the message of whoever waits for us. The lock itself is the kernel's: it goes with this process.
    kernel.write(lockPath(stack), `${kernel.readLink("/proc/self") ?? "?"} ${new Date().toISOString()}\n`)
    // Who waited for a word held the lock: now nobody does.
    if (kernel.read(waitingFileOf(stack)) !== null) kernel.removeTree(waitingFileOf(stack))
  } catch (failure) {
    held.release()
    throw failure
  }
  return { release: () => release(kernel, stack, held, cgroups) }
}

function lockPath(stack: string): string {
  return `${RUN_ROOT}/${stack}/lock`
}

/** More often than this nobody takes the folders away between our steps. */
const TRIES = 100

/** Another apply that ends may take the folders away between our steps: then they are made again. */
function tryLock(kernel: Kernel, stack: string): { release(): void } | null {
  for (let left = TRIES; ; left--) {
    try {
      makeFolder(kernel, RUN_ROOT, 0o755)
      makeFolder(kernel, `${RUN_ROOT}/${stack}`, 0o700)
      requireSoundRunFolder(kernel, stack)
      return kernel.lock(lockPath(stack))
    } catch (failure) {
      if (left === 0 || !(failure instanceof KernelError && failure.errno === "ENOENT")) throw failure
    }
  }
}

/** What lies in these folders is trusted and removed: whoever finds one there looks at it first. */
function makeFolder(kernel: Kernel, path: string, mode: number): void {
  if (kernel.mkdir(path, mode)) return
  const problem = folderProblem(kernel, path)
  if (problem !== undefined) throw new DiagnosticError(problem)
}

/** The lock file goes while it is still locked: whoever waits at it finds that it has no name any more, and begins anew. */
function release(kernel: Kernel, stack: string, held: { release(): void }, cgroups?: Pick<StackGroups, "tidy">): void {
  try {
    if (kernel.list(`${RUN_ROOT}/${stack}`).every((name) => name === "lock")) {
      cgroups?.tidy()
      kernel.removeTree(lockPath(stack))
      removeLeftLock(kernel)
      removeEmpty(kernel, [`${RUN_ROOT}/${stack}`, RUN_ROOT])
      removeEmpty(kernel, [volumesFolderOf(stack), VOLUME_ROOT])
      removeNamesLayer(kernel, stack)
      removeEmpty(kernel, [`${LAYER_ROOT}/${stack}`, LAYER_ROOT, KEPT_ROOT])
    }
  } finally {
    held.release()
  }
}

/** With the last of the layers that it was for. */
function removeNamesLayer(kernel: Kernel, stack: string): void {
  const path = namesLayerOf(stack)
  const [only, other] = kernel.list(`${LAYER_ROOT}/${stack}`)
  if (other === undefined && path.endsWith(`/${only}`)) kernel.removeTree(path)
}

/** A place where something is mounted, such as a volume for what is kept, or an ordinary user's folder. */
const STAYS: ReadonlySet<string> = new Set(["EBUSY", "EROFS"])

/** Each folder as long as nothing is in it. */
function removeEmpty(kernel: Kernel, folders: readonly string[]): void {
  try {
    for (const folder of folders) kernel.rmdir(folder)
  } catch (failure) {
    if (!(failure instanceof KernelError && (failure.errno === "ENOTEMPTY" || failure.errno === "EEXIST" || STAYS.has(failure.errno))))
      throw failure
  }
}

function lockedDiagnostic(kernel: Kernel, stack: string): Diagnostic {
  const [, pid, since] = /^([0-9]+) (\S+)/.exec(kernel.read(lockPath(stack)) ?? "") ?? []
  const command = pid === undefined ? null : kernel.read(`/proc/${pid}/cmdline`)
  const holder = command === null ? "another process" : `process ${pid} (${command.replaceAll("\0", " ").trim()})`
  return error("stack-locked", `stack ${stack} is locked by ${holder}${since === undefined ? "" : ` since ${since}`}`, {
    detail: `it holds ${lockPath(stack)}`,
    hint: "wait until it has ended, or give more time with --lock-timeout",
  })
}
