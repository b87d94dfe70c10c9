import type { Kernel } from "../../kernel/kernel.ts"
import { runFolderOf } from "../../model/ownership.ts"
import type { Ids } from "./identity.ts"
import type { ContainerAttributes } from "./spec.ts"

/**
 * `spec.json` in the run folder: what was applied and no kernel interface gives back, and what `exec` needs to make
 * a second process like the first. Boot id: a record of an earlier boot says nothing.
 */
export interface ContainerRecord {
  version: 1
  boot: string
  attributes: ContainerAttributes
  ids: Ids
  /** Values that the sysctls of the file had before, to go back to. */
  sysctlDefaults: { [name: string]: string }
}

export function recordPath(stack: string, container: string): string {
  return `${runFolderOf(stack, container)}/spec.json`
}

export function bootId(kernel: Kernel): string {
  return (kernel.read("/proc/sys/kernel/random/boot_id") ?? "").trim()
}

export function writeRecord(kernel: Kernel, stack: string, container: string, record: ContainerRecord): void {
  kernel.replaceFile(recordPath(stack, container), `${JSON.stringify(record)}\n`)
}

/** The record, or undefined where there is none, it is of another boot, or not ours to understand. */
export function parseRecord(text: string | null, boot: string): ContainerRecord | undefined {
  if (text === null) return undefined
  try {
    const record = JSON.parse(text) as ContainerRecord
    return record.version === 1 && record.boot === boot ? record : undefined
  } catch {
    return undefined
  }
}
