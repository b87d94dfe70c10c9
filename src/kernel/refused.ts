import { errnoName } from "./errno.ts"
import { KernelError } from "./kernel.ts"

/** What reading says of a thing that is not there: also a dead process (ESRCH) and a device that is gone (ENODEV). */
export const ABSENT: ReadonlySet<string> = new Set(["ENOENT", "ENODEV", "ESRCH", "ENOTDIR"])

/** Throws where a native function answered with -errno; otherwise the answer. */
export function refused(op: string, result: number): number {
  if (result < 0) throw new KernelError(op, errnoName(result))
  return result
}

/** A native function's answer to reading: null where the thing is not there. */
export function isAbsent(result: number): boolean {
  return result < 0 && ABSENT.has(errnoName(result))
}
