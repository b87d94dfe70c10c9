import type { Kernel, ProcessId } from "../../kernel/kernel.ts"

const SIGCONT = 18
const SIGSTOP = 19

/** Whether somebody has stopped a process (SIGSTOP), by its /proc/PID/status; one that is traced has another letter. proc_pid_status(5) */
export function isStopped(status: string | null): boolean {
  return /^State:\tT/m.test(status ?? "")
}

/** `kill -CONT`, or `kill -STOP` where that is how it was found. */
export function setStopped(kernel: Kernel, init: ProcessId | undefined, stopped: boolean): void {
  if (init !== undefined) kernel.signal(init, stopped ? SIGSTOP : SIGCONT)
}
