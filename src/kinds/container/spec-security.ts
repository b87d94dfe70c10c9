/** The filter that is made from the container's capabilities: src/seccomp/default-profile.ts */
export const DEFAULT_SECCOMP = "default"
/** No filter. */
export const UNCONFINED = "unconfined"

/** `file:/absolute/path#DIGEST` of a profile that a file holds. */
export function seccompOfFile(path: string, digest: string): string {
  return `file:${path}#${digest}`
}

/** The path in it; undefined of one that is in no file. */
export function seccompFile(seccomp: string): string | undefined {
  return /^file:(.*)#[0-9a-f]{16}$/s.exec(seccomp)?.[1]
}

/** In `unmask`: every path. */
export const ALL_PATHS = "ALL"

/** Of /proc, where a kernel has it: what steers the whole machine is there to be read, what tells of it is hidden. runc's lists */
export const READ_ONLY_IN_PROC = ["bus", "fs", "irq", "sys", "sysrq-trigger"] as const
export const MASKED_FILES_IN_PROC = ["interrupts", "kcore", "keys", "latency_stats", "sched_debug", "timer_list", "timer_stats"] as const
export const MASKED_FOLDERS_IN_PROC = ["acpi", "asound", "scsi"] as const
export const MASKED_IN_PROC: readonly string[] = [...MASKED_FILES_IN_PROC, ...MASKED_FOLDERS_IN_PROC]
