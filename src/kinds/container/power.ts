import { capabilitiesIn } from "./spec-capabilities.ts"

/** The value of one line of /proc/PID/status, "" where there is none. proc_pid_status(5) */
function lineOf(status: string, key: string): string {
  return new RegExp(`^${key}:\\s*(\\S+)$`, "m").exec(status)?.[1] ?? ""
}

/**
 * The capabilities that a process has, or can still get. What it was given and has put away itself (`setpriv`, a server that has opened its
 * port) is no difference: that is a process's own to do, and nobody's else. capabilities(7)
 */
export function observedCapabilities(status: string | null, given: readonly string[]): string[] {
  const held = ["CapBnd", "CapPrm"].flatMap((key) => capabilitiesIn(lineOf(status ?? "", key) || "0"))
  return held.every((name) => given.includes(name)) ? [...given] : [...new Set(held)]
}
