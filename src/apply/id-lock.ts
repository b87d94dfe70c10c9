import { DiagnosticError, error } from "../base/diagnostic.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { RUN_ROOT } from "../model/ownership.ts"

const RETRY_MS = 10
/** Whoever holds it writes a few small files meanwhile. */
const PATIENCE_MS = 60_000

/**
 * One lock for all stacks of the host: held from the choice of automatic id ranges until the records that tell other stacks of them
 * are written. To be taken by one who holds the lock of a stack. Throws a DiagnosticError where it does not become free.
 */
export async function lockIds(kernel: Kernel): Promise<{ release(): void }> {
  for (let waited = 0; waited <= PATIENCE_MS; waited += RETRY_MS) {
    const held = kernel.lock(lockPath())
    if (held !== null) return { release: () => release(kernel, held) }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
  throw new DiagnosticError(
    error("ids-locked", `another process holds ${lockPath()}`, { hint: "find it with `fuser`, and wait until it has ended" }),
  )
}

function lockPath(): string {
  return `${RUN_ROOT}/.ids`
}

/** Its name goes while it is still locked: whoever waits at it begins anew. */
function release(kernel: Kernel, held: { release(): void }): void {
  try {
    kernel.removeTree(lockPath())
  } finally {
    held.release()
  }
}

/** What a process left that was killed while it held the lock. */
export function removeLeftLock(kernel: Kernel): void {
  const held = kernel.stat(lockPath()) === null ? null : kernel.lock(lockPath())
  if (held !== null) release(kernel, held)
}
