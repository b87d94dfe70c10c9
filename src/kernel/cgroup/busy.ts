import { KernelError } from "../kernel.ts"

/** What rmdir(2) says of a group that has processes, or groups below it. */
export function isBusy(failure: unknown): failure is KernelError {
  return failure instanceof KernelError && (failure.errno === "EBUSY" || failure.errno === "ENOTEMPTY")
}
