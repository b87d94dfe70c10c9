import type { SpeltMap } from "../../model/spelt.ts"
import { filled, unless, withoutAbsent } from "../../model/spelt.ts"
import type { ContainerAttributes } from "./spec.ts"
import { DEFAULT_CAPABILITIES } from "./spec-capabilities.ts"
import { deviceText } from "./spec-devices.ts"
import { DEFAULT_SECCOMP, seccompFile } from "./spec-security.ts"
import type { Ulimit } from "./spec-ulimits.ts"

/** What its processes may do, and what bounds them, where that is not the usual. */
export function spellPower(have: ContainerAttributes, usual: ContainerAttributes): SpeltMap {
  const added = have.capabilities.filter((name) => !DEFAULT_CAPABILITIES.includes(name))
  const dropped = DEFAULT_CAPABILITIES.filter((name) => !have.capabilities.includes(name))
  const options = [
    ...(have.no_new_privileges ? [] : ["no-new-privileges=false"]),
    ...(have.seccomp === DEFAULT_SECCOMP ? [] : [`seccomp=${seccompFile(have.seccomp) ?? have.seccomp}`]),
  ]
  const limits = Object.entries(have.ulimits).filter(([name, one]) => !isSame(one, usual.ulimits[name]))
  return withoutAbsent({
    cap_add: added.length === 0 ? undefined : added,
    cap_drop: dropped.length === 0 ? undefined : dropped,
    security_opt: options.length === 0 ? undefined : options,
    devices: have.devices.length === 0 ? undefined : have.devices.map(deviceText),
    ulimits: filled(Object.fromEntries(limits.map(([name, { soft, hard }]) => [name, soft === hard ? soft : { soft, hard }]))),
    oom_score_adj: unless(usual.oom_score_adj, have.oom_score_adj),
  })
}

function isSame(a: Ulimit, b: Ulimit | undefined): boolean {
  return a.soft === b?.soft && a.hard === b.hard
}
