import { hostArchitecture } from "../../kernel/architecture.ts"
import type { LaunchRecord } from "../../kernel/kernel.ts"
import { assemble } from "../../seccomp/assemble.ts"
import { defaultProfile } from "../../seccomp/default-profile.ts"
import type { Profile } from "../../seccomp/profile.ts"
import type { ContainerAttributes } from "./spec.ts"
import { DEFAULT_SECCOMP, UNCONFINED } from "./spec-security.ts"

/** SECCOMP_FILTER_FLAG_LOG and SPEC_ALLOW, <linux/seccomp.h> */
const FLAGS: { readonly [F in NonNullable<Profile["flags"]>[number]]: number } = { log: 2, "spec-allow": 4 }

/** A stack has few profiles and many containers: each is assembled once. */
const ASSEMBLED = new Map<string, LaunchRecord["filter"]>()

/** What the monitor installs; null: nothing. Throws a DiagnosticError on a machine that there is no table of calls for. */
export function filterOf({ seccomp, seccomp_profile, capabilities }: ContainerAttributes): LaunchRecord["filter"] {
  if (seccomp === UNCONFINED) return null
  const key = seccomp === DEFAULT_SECCOMP ? capabilities.join() : seccomp
  const known = ASSEMBLED.get(key)
  if (known !== undefined) return known
  const profile = seccomp_profile ?? defaultProfile(capabilities)
  const flags = (profile.flags ?? []).reduce((sum, flag) => sum | FLAGS[flag], 0)
  const filter = { program: assemble(profile, hostArchitecture()), flags }
  ASSEMBLED.set(key, filter)
  return filter
}
