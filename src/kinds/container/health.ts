import type { ProcessId } from "../../kernel/kernel.ts"
import { encodeCheck } from "../../kernel/launch/check.ts"
import type { Run } from "../../model/driver.ts"
import { runFolderOf } from "../../model/ownership.ts"
import type { Ids } from "./identity.ts"
import { groupPath } from "./kind-group-path.ts"
import { confinementOf, launchEnvironment } from "./launch.ts"
import type { ContainerAttributes } from "./spec.ts"
import { checkWords, hasHealthcheck } from "./spec-health.ts"

/** Tells a monitor that `check` is another. */
export const SIGHUP = 1

export function checkPath(stack: string, container: string): string {
  return `${runFolderOf(stack, container)}/check`
}

/** `check` in the run folder, from which its monitor learns what to run, and when; nothing where there is no healthcheck. */
export function writeCheck({ kernel, stack, cgroups }: Run, name: string, attributes: ContainerAttributes, ids: Ids): void {
  const { healthcheck } = attributes
  if (!hasHealthcheck(healthcheck)) return
  const groups = cgroups.foldersOf(groupPath(name, attributes), attributes.limits)
  // systemd leaves its group to those below it, and is in this one itself. systemd.special(7)
  const group2 = attributes.init === "systemd" ? `${groups.cgroup2}/init.scope` : groups.cgroup2
  const bytes = encodeCheck({
    interval: healthcheck.interval,
    timeout: healthcheck.timeout,
    startPeriod: healthcheck.start_period,
    startInterval: healthcheck.start_interval,
    retries: healthcheck.retries,
    cgroupFiles: [...(groups.cgroup2 === "" ? [] : [`${group2}/cgroup.procs`]), ...groups.cgroups1.map((folder) => `${folder}/tasks`)],
    ...ids,
    ...confinementOf(attributes),
    cwd: attributes.working_dir,
    argv: checkWords(healthcheck),
    env: Object.entries(launchEnvironment(attributes, ids)).map(([variable, value]) => `${variable}=${value}`),
  })
  kernel.replaceFile(checkPath(stack, name), bytes)
}

/** Another check, or none: its monitor begins anew. */
export function changeCheck(run: Run, name: string, attributes: ContainerAttributes, ids: Ids, monitor: ProcessId | undefined): void {
  if (hasHealthcheck(attributes.healthcheck)) writeCheck(run, name, attributes, ids)
  else run.kernel.removeTree(checkPath(run.stack, name))
  // What is known of the former tells nothing of this one.
  run.kernel.removeTree(healthPath(run.stack, name))
  if (monitor !== undefined) run.kernel.signal(monitor, SIGHUP)
}

/** What a monitor tells of its container. */
export interface Health {
  status: "starting" | "healthy" | "unhealthy"
  failing_streak: number
  /** Seconds since 1970; absent until the first check has ended. */
  checked?: number
  /** `exit 0`, `signal 9`, `timeout`, `broken` (it could not be run), `killed`. */
  ended?: string
  output: string
}

export function healthPath(stack: string, container: string): string {
  return `${runFolderOf(stack, container)}/health`
}

/** `key value` lines up to `output`; behind that what the check has printed. Undefined of anything else. */
export function parseHealth(text: string | null): Health | undefined {
  const [head = "", output] = text?.split(/\noutput\n([\s\S]*)/, 2) ?? []
  const fields = Object.fromEntries(head.split("\n").map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]))
  const { state, streak, checked, ended } = fields
  if (output === undefined || (state !== "starting" && state !== "healthy" && state !== "unhealthy")) return undefined
  return {
    status: state,
    failing_streak: Number(streak),
    ...(checked === undefined ? {} : { checked: Number(checked) }),
    ...(ended === undefined ? {} : { ended }),
    output,
  }
}

/** In a few words, for a message: how the last check has ended, and what it has said. */
export function lastCheck({ ended, output }: Health): string {
  const said = output.trim()
  const how = ended === undefined ? "no check has ended yet" : `its last check: ${ended}`
  return said === "" ? `${how}, and it has printed nothing` : `${how}, and it has printed:\n${said}`
}
