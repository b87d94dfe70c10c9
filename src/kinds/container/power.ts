import type { ContainerAttributes } from "./spec.ts"
import { capabilitiesIn } from "./spec-capabilities.ts"
import { UNCONFINED } from "./spec-security.ts"
import type { Ulimits } from "./spec-ulimits.ts"
import { DEFAULT_ULIMITS, parseLimits } from "./spec-ulimits.ts"

type Power = Pick<ContainerAttributes, "capabilities" | "no_new_privileges" | "seccomp" | "seccomp_profile">

/**
 * What a process may do, by its /proc/PID/status. Of all this the kernel lets it only give away, for good, and lets nobody else change
 * anything: what it was given and has given up itself (`setpriv`, a server that has opened its port) is no difference. capabilities(7)
 */
export function observedPower(status: string, given: ContainerAttributes): Power {
  const held = ["CapBnd", "CapPrm"].flatMap((key) => capabilitiesIn(lineOf(status, key) || "0"))
  const isLess = held.every((name) => given.capabilities.includes(name))
  return {
    capabilities: isLess ? given.capabilities : [...new Set(held)],
    no_new_privileges: given.no_new_privileges && lineOf(status, "NoNewPrivs") === "1",
    // The mode tells that there are filters, not which.
    seccomp: lineOf(status, "Seccomp") === "0" ? UNCONFINED : given.seccomp,
    ...(given.seccomp_profile === undefined ? {} : { seccomp_profile: given.seccomp_profile }),
  }
}

/** The value of one line, "" where there is none. proc_pid_status(5) */
function lineOf(status: string, key: string): string {
  return new RegExp(`^${key}:\\s*(\\S+)$`, "m").exec(status)?.[1] ?? ""
}

/** By its /proc/PID/limits, of those bounds that a file names or has named; the others are as its monitor was given them. */
export function observedUlimits(limits: string, wanted: Ulimits, recorded: Ulimits): Ulimits {
  const named = new Set([DEFAULT_ULIMITS, wanted, recorded].flatMap((some) => Object.keys(some)))
  return Object.fromEntries(Object.entries(parseLimits(limits)).filter(([name]) => named.has(name)))
}
