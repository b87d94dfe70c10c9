import type { Kernel } from "../kernel/kernel.ts"
import { KernelError } from "../kernel/kernel.ts"

/** A file's text, or null also where this user may not read it: the doctor says what it can. */
export function legible(kernel: Kernel, path: string): string | null {
  try {
    return kernel.read(path)
  } catch (failure) {
    if (failure instanceof KernelError && (failure.errno === "EACCES" || failure.errno === "EPERM")) return null
    throw failure
  }
}
