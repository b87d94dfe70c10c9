import type { Kernel } from "../kernel/kernel.ts"
import { KernelError } from "../kernel/kernel.ts"

/** Each below the one before. Another stack's last command may take an empty one away in between: then all are made again. */
export function makeFolders(kernel: Kernel, folders: readonly (readonly [path: string, mode: number])[], attempts = 10): void {
  try {
    for (const [path, mode] of folders) kernel.mkdir(path, mode)
  } catch (failure) {
    if (!(failure instanceof KernelError && failure.errno === "ENOENT") || attempts === 0) throw failure
    makeFolders(kernel, folders, attempts - 1)
  }
}
