import { formatDuration } from "../../base/duration.ts"
import type { Spelt, SpeltMap } from "../../model/spelt.ts"
import { filled, numberOrText, oneOrList, unless, withoutAbsent } from "../../model/spelt.ts"
import { USUAL_PIDS } from "../cgroup/spec.ts"
import { spellLimits } from "../cgroup/spell.ts"
import { hasConfig, splitImage } from "../image/spec.ts"
import type { ContainerAttributes } from "./spec.ts"
import { spellGivens } from "./spell-given.ts"
import { spellDependencies, spellHealthcheck } from "./spell-health.ts"
import { spellMounts } from "./spell-mounts.ts"
import { spellPower } from "./spell-power.ts"
import { spellRouting } from "./spell-routing.ts"

/** What stands beside a container's own attributes. */
export interface Beside {
  /** What it is with nothing said but its command. */
  usual: ContainerAttributes
  /** Undefined where it is the usual one. */
  idmap: Spelt | undefined
  interfaces: SpeltMap
  /** Names that it knows beside the stack's. */
  extraHosts: SpeltMap | undefined
  /** Names of containers for their addresses. */
  dependsOn: readonly string[]
  /** By the same names, what is waited for besides. */
  conditions: { readonly [name: string]: string }
}

/** A container as a person would write it. */
export function spellContainer(
  have: ContainerAttributes,
  { usual, idmap, interfaces, extraHosts, dependsOn, conditions }: Beside,
): SpeltMap {
  const { environment, labels, namespaces } = have
  return withoutAbsent({
    image: unless(usual.image, splitImage(have.image).source),
    ...spellMounts(have, usual),
    ...spellGivens(have),
    // What the image itself says is run would stand before a command.
    [hasConfig(have.image) ? "entrypoint" : "command"]: have.argv,
    environment: filled(environment),
    working_dir: hasConfig(have.image) ? have.working_dir : unless(usual.working_dir, have.working_dir),
    user: hasConfig(have.image) && have.user === "" ? "0" : unless(usual.user, have.user),
    group_add: have.group_add.length === 0 ? undefined : have.group_add.map(numberOrText),
    hostname: have.hostname === "" ? undefined : unless(usual.hostname, have.hostname),
    dns: oneOrList(have.dns),
    dns_search: oneOrList(have.dns_search),
    dns_opt: have.dns_opt.length === 0 ? undefined : have.dns_opt,
    // With another's network come its names.
    extra_hosts: namespaces.net.startsWith("container:") ? undefined : extraHosts,
    idmap,
    // A process that is in no group of its container's is brought back by any plan.
    cgroup: have.cgroup.startsWith("/") ? undefined : unless("", have.cgroup),
    limits: spellOwnLimits(have.limits),
    interfaces: filled(interfaces),
    // In a namespace that is another's the routes are the other's to tell.
    ...(namespaces.net === "new" ? spellRouting(have) : {}),
    sysctls: filled(Object.fromEntries(Object.entries(have.sysctls).map(([name, text]) => [name, numberOrText(text)]))),
    namespaces: filled(Object.fromEntries(Object.entries(namespaces).filter(([, mode]) => mode !== "new"))),
    ...spellPower(have, usual),
    init: have.init === "" ? undefined : have.init === "reaper" ? true : have.init,
    stop_signal: hasConfig(have.image) ? have.stop_signal : unless(usual.stop_signal, have.stop_signal),
    stop_grace_period: have.stop_grace_period === usual.stop_grace_period ? undefined : formatDuration(have.stop_grace_period),
    restart: unless(usual.restart, have.restart),
    depends_on: spellDependencies(dependsOn, conditions),
    healthcheck: spellHealthcheck(have),
    labels: filled(labels),
  })
}

/** No limit of processes is written as such: without a word it would have the usual one. */
function spellOwnLimits({ pids = "max", ...limits }: ContainerAttributes["limits"]): SpeltMap | undefined {
  return spellLimits(pids === USUAL_PIDS ? limits : { ...limits, pids })
}
