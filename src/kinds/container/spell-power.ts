import type { SpeltMap } from "../../model/spelt.ts"
import { filled, unless, withoutAbsent } from "../../model/spelt.ts"
import type { ContainerAttributes } from "./spec.ts"
import { deviceText } from "./spec-devices.ts"
import { PRIVILEGED } from "./spec-profile.ts"
import { seccompFile } from "./spec-security.ts"
import type { Ulimit } from "./spec-ulimits.ts"

/** What its processes may do, and what bounds them, where that is not the usual. */
export function spellPower(have: ContainerAttributes, usual: ContainerAttributes): SpeltMap {
  const from = have.all_devices ? PRIVILEGED : usual
  const added = have.capabilities.filter((name) => !from.capabilities.includes(name))
  const dropped = from.capabilities.filter((name) => !have.capabilities.includes(name))
  const options = [
    ...(have.no_new_privileges === from.no_new_privileges ? [] : [`no-new-privileges=${have.no_new_privileges}`]),
    ...(have.seccomp === from.seccomp ? [] : [`seccomp=${seccompFile(have.seccomp) ?? have.seccomp}`]),
    ...(have.unmask.join() === from.unmask.join() ? [] : [`unmask=${have.unmask.join(":")}`]),
  ]
  const limits = Object.entries(have.ulimits).filter(([name, one]) => !isSame(one, usual.ulimits[name]))
  return withoutAbsent({
    ...(have.all_devices ? (have.namespaces.user === "new" ? { privileged: true } : { profile: "unsafe" }) : {}),
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
