import type { ContainerAttributes } from "./spec.ts"
import { CAPABILITIES, DEFAULT_CAPABILITIES, SYSTEM_CAPABILITIES } from "./spec-capabilities.ts"
import { ALL_PATHS, DEFAULT_SECCOMP, MASKED_IN_PROC, READ_ONLY_IN_PROC, UNCONFINED } from "./spec-security.ts"

/** What a container may do before its file says more. */
export type Power = Pick<ContainerAttributes, "capabilities" | "no_new_privileges" | "seccomp" | "unmask" | "all_devices">

export type ProfileName = "strict" | "default" | "system" | "unsafe"

const HELD: Power = {
  capabilities: [...DEFAULT_CAPABILITIES],
  no_new_privileges: true,
  seccomp: DEFAULT_SECCOMP,
  unmask: [],
  all_devices: false,
}

/** `privileged: true`: nothing holds it but its namespaces. */
export const PRIVILEGED: Power = {
  capabilities: [...CAPABILITIES],
  no_new_privileges: false,
  seccomp: UNCONFINED,
  unmask: [ALL_PATHS],
  all_devices: true,
}

/** What of /proc a system finds as the kernel has it: its services mount procfs anew, which the kernel lets nobody where one is covered. */
export const SYSTEM_UNMASKED: readonly string[] = [...READ_ONLY_IN_PROC, ...MASKED_IN_PROC].map((name) => `/proc/${name}`).sort()

/** `init: systemd` */
export const SYSTEM: Power = { ...HELD, capabilities: [...SYSTEM_CAPABILITIES], no_new_privileges: false, unmask: [...SYSTEM_UNMASKED] }

/** `unsafe` is privileged, and may be so over the host's own ids. */
export const PROFILES: { readonly [N in ProfileName]: Power } = {
  strict: { ...HELD, capabilities: [] },
  default: HELD,
  system: { ...HELD, capabilities: [...SYSTEM_CAPABILITIES], no_new_privileges: false },
  unsafe: PRIVILEGED,
}
