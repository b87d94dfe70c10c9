import type { Address } from "../../base/address.ts"
import { splitAddress } from "../../base/address.ts"
import { DiagnosticError, error } from "../../base/diagnostic.ts"
import type { Kernel, Monitor } from "../../kernel/kernel.ts"
import type { LiveMonitor, Run, StepResult } from "../../model/driver.ts"
import { KEPT_ROOT, LAYER_ROOT, RUN_ROOT, runFolderOf } from "../../model/ownership.ts"
import type { Step } from "../../model/step.ts"
import { makeFolders } from "../folders.ts"
import { attempt, attemptNow } from "../step-result.ts"
import { programOf } from "./devices.ts"
import { rootFactsReader } from "./facts.ts"
import { givenFiles } from "./given.ts"
import { writeCheck } from "./health.ts"
import { lookupUser } from "./identity.ts"
import { groupPath } from "./kind-group-path.ts"
import { effectiveSysctls, launchRecord } from "./launch.ts"
import { writeNamed } from "./names.ts"
import { NAMESPACE_FILES } from "./namespaces.ts"
import { bootId, parseRecord, recordPath, writeRecord } from "./record.ts"
import { renameInRecords } from "./rename-in-records.ts"
import { writeLaunch } from "./restarts.ts"
import { prepareNamesLayer } from "./root-hostname.ts"
import { withSharedMaps } from "./shared-maps.ts"
import type { ContainerAttributes, NamespaceMode } from "./spec.ts"
import type { SysctlPlace } from "./sysctls.ts"
import { readSysctl, sysctlPlace } from "./sysctls.ts"

export function wantedAttributes(step: Step): ContainerAttributes {
  return step.change.after as unknown as ContainerAttributes
}

/**
 * Step `cgroup`: the run folder with the record first, as the mark of a container that is being made; then its group in
 * every hierarchy its limits need.
 */
export function makeGroups(steps: readonly Step[], run: Run): Promise<StepResult>[] {
  const boot = bootId(run.kernel)
  let prepared = false
  return steps.map((step) =>
    attemptNow(() => {
      const attributes = wantedAttributes(step)
      const name = step.change.name
      const ids = lookupUser(run.kernel, attributes)
      if (prepared) run.kernel.mkdir(runFolderOf(run.stack, name), 0o700)
      else {
        prepareStack(run, name)
        prepareNamesLayer(run, steps.map(wantedAttributes))
      }
      prepared = true
      const { movedFrom } = step.change
      if (movedFrom !== undefined) renameInRecords(run, splitAddress(movedFrom).name, name, boot)
      writeRecord(run.kernel, run.stack, name, { version: 1, boot, attributes, ids, sysctlDefaults: {} })
      run.cgroups.make(groupPath(name, attributes), attributes.limits, programOf(run.kernel, attributes))
      run.born.set(step.address, { ...run.born.get(step.address), ids })
    }),
  )
}

/**
 * What the containers of a stack share; behind the first one's run folder, so that an apply that is killed leaves a mark.
 * Above the writable layers everybody may pass: a container's root is not the host's.
 */
function prepareStack({ kernel, stack, cgroups }: Run, first: string): void {
  makeFolders(kernel, [[RUN_ROOT, 0o755]])
  makeFolders(
    kernel,
    [`${RUN_ROOT}/${stack}`, runFolderOf(stack, first)].map((path) => [path, 0o700]),
  )
  makeFolders(
    kernel,
    [KEPT_ROOT, LAYER_ROOT, `${LAYER_ROOT}/${stack}`].map((path) => [path, 0o711]),
  )
  kernel.spread(`${LAYER_ROOT}/${stack}`)
  cgroups.prepareMonitors()
}

/** Step `spawn`: a monitor each, until the container's process has its namespaces, maps and cgroups, and waits. */
export function spawn(steps: readonly Step[], run: Run): Promise<StepResult>[] {
  const rootFacts = rootFactsReader(run.kernel, run.stack)
  return steps.map((step) =>
    attempt(async () => {
      const attributes = withSharedMaps(wantedAttributes(step), run)
      const name = step.change.name
      run.cgroups.requireRunning(groupPath(name, attributes))
      writeNamed(run, name, attributes)
      const record = launchRecord(attributes, {
        stack: run.stack,
        name,
        root: rootFacts(name, attributes, step.change.resource),
        ids: idsOf(run, step.address),
        files: givenFiles(run.kernel, attributes, run.desired.variables),
        cgroups: run.cgroups.foldersOf(groupPath(name, attributes), attributes.limits),
        namespaceOf: (kind, mode) => namespacePath(run, kind, mode),
      })
      writeCheck(run, name, attributes, idsOf(run, step.address))
      const monitor = await run.kernel.spawn(record)
      writeLaunch(run, name, attributes, record, monitor)
      run.born.set(step.address, { monitor, init: monitor.init, ...heldNamespaces(run, monitor, attributes) })
    }),
  )
}

function idsOf(run: Run, address: Address) {
  return run.born.get(address)?.ids as ReturnType<typeof lookupUser>
}

export function heldNamespaces(run: Run, monitor: Monitor, { namespaces }: ContainerAttributes) {
  const held = run.kernel.heldNamespaces(monitor)
  return {
    ...(namespaces.net === "host" ? {} : { netns: held.net }),
    ...(namespaces.uts === "host" ? {} : { utsns: held.uts }),
    ...(namespaces.ipc === "host" ? {} : { ipcns: held.ipc }),
  }
}

const HELD: { readonly [kind: string]: string } = { net: "netns", uts: "utsns", ipc: "ipcns" }

/** The namespace of another container is that of its first process. */
export function namespacePath(run: Run, kind: keyof ContainerAttributes["namespaces"], mode: NamespaceMode): string {
  if (mode === "new" || mode === "host") return mode
  const other = run.born.get(mode.replace(":", "."))
  // A monitor holds these open even when the command has ended.
  const held = HELD[kind] === undefined ? undefined : other?.[HELD[kind]]
  if (typeof held === "string") return held
  const init = other?.init as { pid: number } | undefined
  if (init === undefined) {
    const hint = "its command has ended: have it replaced (--replace), or share the namespace of a container that stays"
    throw new DiagnosticError(error("namespace-gone", `${mode} has no process whose ${kind} namespace could be joined`, { hint }))
  }
  const file = NAMESPACE_FILES.find(([k]) => k === kind)?.[1] ?? kind
  return `/proc/${init.pid}/ns/${file}`
}

/** Step `start`: "go", and wait until the command's exec has succeeded. */
export function start(steps: readonly Step[], run: Run): Promise<StepResult>[] {
  return steps.map((step) =>
    attempt(async () => {
      const attributes = wantedAttributes(step)
      if (Object.keys(attributes.sysctls).length > 0) keepDefaults(run, step, attributes)
      await monitorOf(run, step.address).go()
    }),
  )
}

function monitorOf(run: Run, address: Address): Monitor {
  const born = run.born.get(address) as { monitor: Monitor } | undefined
  if (born === undefined) throw new Error(`${address} has not been spawned in this run`)
  return born.monitor
}

/** What the sysctls were before the command's setup writes them, so that taking one out of the file can undo it. */
function keepDefaults(run: Run, step: Step, attributes: ContainerAttributes): void {
  const name = step.change.name
  const record = parseRecord(run.kernel.read(recordPath(run.stack, name)), bootId(run.kernel))
  if (record === undefined) return
  const place = sysctlPlace(run.kernel, run.born.get(step.address) as Pick<LiveMonitor, "netns" | "ipcns" | "init">)
  const defaults = readDefaults(run.kernel, Object.keys(attributes.sysctls), place)
  // What it has where the file says nothing, which is not what the kernel gives it.
  const given = effectiveSysctls({ ...withSharedMaps(attributes, run), sysctls: {} })
  const own = Object.entries(given).filter(([key]) => key in defaults)
  writeRecord(run.kernel, run.stack, name, { ...record, sysctlDefaults: { ...defaults, ...Object.fromEntries(own) } })
}

/** The present values of sysctls in a container's namespaces. */
export function readDefaults(kernel: Kernel, names: readonly string[], place: SysctlPlace): { [name: string]: string } {
  const entries = names.map((name) => [name, readSysctl(kernel, name, place)] as const)
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null))
}
