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
export function observedPower(status: string | null, given: ContainerAttributes): Power {
  const { capabilities, no_new_privileges, seccomp } = given
  // It has ended since: what it was given stands, as of all whose command has ended.
  if (status === null) return { capabilities, no_new_privileges, seccomp, ...profileOf(given) }
  const { held, noNewPrivileges, isFiltered } = told(status)
  const isLess = held.every((name) => capabilities.includes(name))
  return {
    capabilities: isLess ? capabilities : held,
    no_new_privileges: no_new_privileges && noNewPrivileges,
    // The mode tells that there are filters, not which.
    seccomp: isFiltered ? seccomp : UNCONFINED,
    ...profileOf(given),
  }
}

function profileOf({ seccomp_profile }: ContainerAttributes): Pick<Power, "seccomp_profile"> {
  return seccomp_profile === undefined ? {} : { seccomp_profile }
}

interface Told {
  held: string[]
  noNewPrivileges: boolean
  isFiltered: boolean
}

/** Lines of proc_pid_status(5), one behind the other there: CapPrm, CapEff, CapBnd, CapAmb, NoNewPrivs, Seccomp. */
const LINES = /^CapPrm:\t(\S+)\nCapEff:\t\S+\nCapBnd:\t(\S+)\n(?:CapAmb:\t\S+\n)?NoNewPrivs:\t(\d)\n(?:Seccomp:\t(\d))?/m

/** The containers of a stack are mostly alike: what such lines come to is remembered. */
const TOLD = new Map<string, Told>()

function told(status: string): Told {
  const [lines = "", permitted = "0", bounding = "0", noNewPrivileges, mode = "0"] = LINES.exec(status) ?? []
  const known = TOLD.get(lines)
  if (known !== undefined) return known
  const held = capabilitiesIn((BigInt(`0x${permitted}`) | BigInt(`0x${bounding}`)).toString(16))
  const fresh = { held, noNewPrivileges: noNewPrivileges === "1", isFiltered: mode !== "0" }
  TOLD.set(lines, fresh)
  return fresh
}

/** By its /proc/PID/limits, of those bounds that a file names or has named; the others are as its monitor was given them. */
export function observedUlimits(limits: string | null, wanted: Ulimits, recorded: Ulimits): Ulimits {
  if (limits === null) return recorded
  const named = new Set([DEFAULT_ULIMITS, wanted, recorded].flatMap((some) => Object.keys(some)))
  return Object.fromEntries(Object.entries(parseLimits(limits)).filter(([name]) => named.has(name)))
}
