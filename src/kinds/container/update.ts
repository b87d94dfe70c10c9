import type { ProcessId } from "../../kernel/kernel.ts"
import type { LiveMonitor, Run, StepResult, StepRunner } from "../../model/driver.ts"
import { ownHostsFileOf, resolvConfOf, runFolderOf } from "../../model/ownership.ts"
import type { Step } from "../../model/step.ts"
import { netnsOf } from "../link/netns.ts"
import { firstError } from "../link/results.ts"
import { attemptNow } from "../step-result.ts"
import { programOf } from "./devices.ts"
import { changeCheck, SIGHUP, writeCheck } from "./health.ts"
import { groupPath } from "./kind-group-path.ts"
import { asksOthers, showNamed, writeNamed } from "./names.ts"
import type { ContainerRecord } from "./record.ts"
import { bootId, parseRecord, recordPath, writeRecord } from "./record.ts"
import { callOff, rewriteLaunch } from "./restarts.ts"
import { refusals, routingChanges } from "./routing.ts"
import { readDefaults, wantedAttributes } from "./spawn.ts"
import type { ContainerAttributes } from "./spec.ts"
import { isRestarted, USUAL_LIFE } from "./spec-life.ts"
import { HOSTS, RESOLV_CONF } from "./spec-places.ts"
import { needsRouting } from "./spec-routing.ts"
import { setStopped } from "./stopped.ts"
import { changesOthers, inWritingOrder } from "./sysctl-order.ts"
import type { SysctlPlace } from "./sysctls.ts"
import { readSysctl, sysctlPlace, writeSysctl } from "./sysctls.ts"
import { updateOomScoreOf, updateUlimitsOf } from "./update-processes.ts"
import { sendBack } from "./ways.ts"

type Held = Pick<LiveMonitor, "netns" | "utsns" | "ipcns" | "init">

function heldOf(step: Step, run: Run): Held {
  return (run.born.get(step.address) ?? {}) as Held
}

/** What is to be changed in place; of a container that is made anew nothing is left, unless it keeps its namespaces. */
function observedAttributes({ change }: Step): Partial<ContainerAttributes> {
  return change.action === "update" || change.keeps ? ((change.before ?? {}) as unknown as Partial<ContainerAttributes>) : {}
}

/** Each in-place change: the kernel first, then the record of what was applied. */
function inPlace(fields: (keyof ContainerAttributes)[], work: (step: Step, run: Run) => void): StepRunner {
  return (steps, run): Promise<StepResult>[] =>
    steps.map((step) =>
      attemptNow(() => {
        if (isRestarted(wantedAttributes(step))) amendLaunch(step, run, fields)
        work(step, run)
        amendRecord(step, run, fields)
      }),
    )
}

/** First of all, so that one whose command is started again meanwhile has it as well. */
export function amendLaunch(step: Step, run: Run, fields: (keyof ContainerAttributes)[]): void {
  const record = readRecord(step, run)
  if (record !== undefined && isRestarted(record.attributes))
    rewriteLaunch(run, step.change.name, amended(record, step, fields), record.ids, monitorOf(step, run))
}

function monitorOf(step: Step, run: Run): ProcessId | undefined {
  return (run.born.get(step.address) as { monitor?: ProcessId } | undefined)?.monitor
}

export function amendRecord(step: Step, run: Run, fields: (keyof ContainerAttributes)[]): void {
  const record = readRecord(step, run)
  if (record === undefined) return
  const attributes = amended(record, step, fields)
  writeRecord(run.kernel, run.stack, step.change.name, { ...record, attributes })
  // A check is bound as every other process of the container.
  if (CHECKED.some((field) => fields.includes(field))) writeCheck(run, step.change.name, attributes, record.ids)
}

/** Beside those that it has. */
export function recordMounts(step: Step, run: Run, fresh: ContainerAttributes["mounts"]): void {
  const record = readRecord(step, run)
  if (record === undefined) return
  const mounts = { ...record.attributes.mounts, ...fresh }
  writeRecord(run.kernel, run.stack, step.change.name, { ...record, attributes: { ...record.attributes, mounts } })
}

/** Of what may drift the file's value is recorded: it is what tells drift from a new wish. */
function amended(record: ContainerRecord, { change }: Step, fields: (keyof ContainerAttributes)[]): ContainerAttributes {
  const want = (change.resource?.declared ?? change.after) as unknown as ContainerAttributes
  return { ...record.attributes, ...Object.fromEntries(fields.map((f) => [f, want[f]])) }
}

/** What of a check its monitor's file tells. */
const CHECKED: readonly (keyof ContainerAttributes)[] = ["limits", "ulimits", "oom_score_adj"]

function readRecord(step: Step, run: Run): ContainerRecord | undefined {
  return parseRecord(run.kernel.read(recordPath(run.stack, step.change.name)), bootId(run.kernel))
}

/** Limits of a running container, group by group; a process that was moved out of a group, for which its limits are none, comes back. */
export const updateLimits = inPlace(["limits"], (step, run) => {
  const want = wantedAttributes(step)
  const path = groupPath(step.change.name, want)
  run.cgroups.change(path, observedAttributes(step).limits ?? {}, want.limits)
  const { init } = heldOf(step, run)
  if (init !== undefined) run.cgroups.gather(path, init.pid)
})

/** What holds its group to its devices: in the place of what somebody else has made of it. */
export const updateDevices = inPlace([], (step, run) => {
  const want = wantedAttributes(step)
  const program = programOf(run.kernel, want)
  if (program !== undefined) run.cgroups.allow(groupPath(step.change.name, want), program)
})

export const updateUlimits = inPlace(["ulimits"], (step, run) => updateUlimitsOf(step, run, observedAttributes(step).ulimits ?? {}))

export const updateOomScore = inPlace(["oom_score_adj"], updateOomScoreOf)

/** `nsenter --uts hostname NAME` */
export const updateHostname = inPlace(["hostname"], (step, run) => {
  const { utsns } = heldOf(step, run)
  const { namespaces } = wantedAttributes(step)
  if (utsns !== undefined && namespaces.uts === "new")
    run.kernel.writeIn([utsns], "/proc/sys/kernel/hostname", wantedAttributes(step).hostname)
})

/** Sysctls that are wanted are written; those no longer named go back to what they were. */
export const updateSysctls = inPlace(["sysctls"], (step, run) => {
  const want = wantedAttributes(step).sysctls
  const have = observedAttributes(step).sysctls ?? {}
  const place = sysctlPlace(run.kernel, heldOf(step, run))
  const defaults = keepDefaults(step, run, place)
  // One of a link that has gone went with it.
  const isThere = (name: string) => readSysctl(run.kernel, name, place) !== null
  const gone = Object.keys(have).filter((name) => !(name in want) && name in defaults && isThere(name))
  const values = { ...Object.fromEntries(gone.map((name) => [name, defaults[name] as string])), ...want }
  // Those of a link that is made anew have their defaults, whatever was found; and behind one that changes others, all are written.
  let again = step.change.fields.some(({ path }) => path === "sysctls")
  for (const [name, value] of inWritingOrder(values)) {
    if (!again && have[name] === value) continue
    writeSysctl(run.kernel, name, place, value)
    again ||= changesOthers(name)
  }
})

/** Recorded before anything is written: by its default a sysctl is known as one that a file has named, whatever comes between. */
function keepDefaults(step: Step, run: Run, place: SysctlPlace): ContainerRecord["sysctlDefaults"] {
  const record = readRecord(step, run)
  const known = record?.sysctlDefaults ?? {}
  const fresh = Object.keys(wantedAttributes(step).sysctls).filter((name) => !(name in known))
  if (fresh.length === 0) return known
  const sysctlDefaults = { ...known, ...readDefaults(run.kernel, fresh, place) }
  if (record !== undefined) writeRecord(run.kernel, run.stack, step.change.name, { ...record, sysctlDefaults })
  return sysctlDefaults
}

/** `ip route …`, `ip rule …` and `ip neigh …` in the container's network namespace. */
export const updateRoutes = inPlace(["routes", "rules", "neighbours"], (step, run) => {
  const want = wantedAttributes(step)
  if (needsRouting(want)) tellReaders(step, run)
  const requests = routingChanges(observedAttributes(step), want)
  const [failure] = refusals(requests, sendBack(run.kernel, netnsOf(run, step.address), requests, want.routes))
  if (failure !== undefined) throw failure
})

/** Recorded before anything is set: what only another reading tells is looked for from now on, whatever comes between. */
function tellReaders(step: Step, run: Run): void {
  const record = readRecord(step, run)
  if (record === undefined || record.routing || needsRouting(record.attributes)) return
  writeRecord(run.kernel, run.stack, step.change.name, { ...record, routing: true })
}

/** `nsenter --net ip link set lo up` */
export const updateLoopback = inPlace([], (step, run) => {
  // Down only where that is how it was found, and is given back.
  const up = step.change.after?.loopback !== "down"
  const failure = firstError(run.kernel.net(netnsOf(run, step.address), [{ op: "link-set", link: "lo", up }]))
  if (failure !== null) throw failure
})

/** What was frozen runs on. */
export const updateFrozen = inPlace([], (step, run) => {
  const { init } = heldOf(step, run)
  run.cgroups.thaw(groupPath(step.change.name, wantedAttributes(step)), init?.pid)
})

/** What was found frozen is so again. */
export const freezeAgain = inPlace([], (step, run) => run.cgroups.freeze(groupPath(step.change.name, wantedAttributes(step))))

/** Who was stopped goes on. */
export const updateStopped = inPlace([], (step, run) => {
  setStopped(run.kernel, heldOf(step, run).init, step.change.after?.stopped === true)
})

/** Its monitor is told of another check, or that there is none any more. */
export const updateHealthcheck = inPlace(["healthcheck"], (step, run) => {
  const record = readRecord(step, run)
  if (record === undefined) return
  const { healthcheck } = wantedAttributes(step)
  changeCheck(run, step.change.name, { ...record.attributes, healthcheck }, record.ids, monitorOf(step, run))
})

/**
 * Who starts it again, or that nobody does any more. Recorded before its monitor knows of one, and after it knows of none: who is to end it looks
 * there whether it has to be called off.
 */
export function updatePolicy(steps: readonly Step[], run: Run): Promise<StepResult>[] {
  return steps.map((step) =>
    attemptNow(() => {
      const { name } = step.change
      const { restart } = wantedAttributes(step)
      if (restart === USUAL_LIFE.restart) callOff(run, runFolderOf(run.stack, name))
      amendRecord(step, run, ["restart"])
      amendLaunch(step, run, ["restart"])
      const monitor = monitorOf(step, run)
      // Whether it is healthy is found out anew: who has been unhealthy by then is not ended for that.
      if (restart === "unless-healthy" && monitor !== undefined) run.kernel.signal(monitor, SIGHUP)
    }),
  )
}

/** Another file at /etc/hosts, or that of the image again. One of its own is there before it is seen, and goes once it is not. */
export const updateHosts = inPlace(["hosts"], (step, run) => {
  const { name } = step.change
  const want = wantedAttributes(step)
  writeNamed(run, name, want)
  showNamed(run, name, heldOf(step, run).init, want, HOSTS)
  if (want.hosts !== "own") run.kernel.removeTree(ownHostsFileOf(run.stack, name))
})

/** The same of /etc/resolv.conf, which is written over where it is seen already. */
export const updateDns = inPlace(["dns", "dns_search", "dns_opt"], (step, run) => {
  const { name } = step.change
  const want = wantedAttributes(step)
  writeNamed(run, name, want)
  showNamed(run, name, heldOf(step, run).init, want, RESOLV_CONF)
  if (!asksOthers(want)) run.kernel.removeTree(resolvConfOf(run.stack, name))
})

/** Labels and start order: only the record holds them. */
export const updateRecord = inPlace(["labels", "depends_on", "conditions", "stop_signal", "stop_grace_period"], () => {})
