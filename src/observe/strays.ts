import type { Kernel } from "../kernel/kernel.ts"
import { monitorTitle, runFolderOf } from "../model/ownership.ts"

/**
 * Monitors that somebody has moved out of the stack's group of monitors: without them their containers would be taken for gone, and they would
 * stay for ever. All processes are looked through only where a run folder has no monitor, and a title says little: a process is one where it holds
 * that very folder open, which nobody else can who is not root here.
 */
export function strayMonitors(kernel: Kernel, stack: string, monitored: ReadonlySet<string>, runFolders: ReadonlySet<string>): number[] {
  const alone = [...runFolders].filter((name) => !monitored.has(name)).map((name) => `=${runFolderOf(stack, name)}`)
  if (alone.length === 0) return []
  const folders = new Set(kernel.readMany(alone))
  const pids = kernel.list("/proc").filter((name) => /^[0-9]+$/.test(name))
  const titles = kernel.readMany(pids.map((pid) => `/proc/${pid}/cmdline`))
  const called = pids.map(Number).filter((_, i) => titles[i]?.startsWith(monitorTitle(stack, "")))
  const held = kernel.readMany(called.map((pid) => `=${kernel.heldRunFolder(pid)}`))
  return called.filter((_, i) => held[i] != null && folders.has(held[i]))
}
