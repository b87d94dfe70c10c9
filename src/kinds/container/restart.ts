import type { HeldNamespaces, LaunchRecord, Monitor, ProcessId } from "../../kernel/kernel.ts"
import { KernelError } from "../../kernel/kernel.ts"
import type { Run, StepResult } from "../../model/driver.ts"
import { runFolderOf } from "../../model/ownership.ts"
import type { Step } from "../../model/step.ts"
import { attempt } from "../step-result.ts"
import { programOf } from "./devices.ts"
import { rootFactsReader } from "./facts.ts"
import { givenFiles } from "./given.ts"
import { writeCheck } from "./health.ts"
import type { Ids } from "./identity.ts"
import { lookupUser } from "./identity.ts"
import { groupPath } from "./kind-group-path.ts"
import type { LaunchFacts } from "./launch.ts"
import { launchRecord } from "./launch.ts"
import { writeNamed } from "./names.ts"
import type { ContainerRecord } from "./record.ts"
import { bootId, parseRecord, recordPath, writeRecord } from "./record.ts"
import { KEPT_NAMESPACES } from "./relations.ts"
import { forgetRestarts, writeLaunch } from "./restarts.ts"
import { prepareNamesLayer } from "./root-hostname.ts"
import { withSharedMaps } from "./shared-maps.ts"
import { heldNamespaces, namespacePath, wantedAttributes } from "./spawn.ts"
import type { ContainerAttributes, NamespaceMode } from "./spec.ts"
import { isRestarted } from "./spec-life.ts"
import { killAll, monitorsOf, ownsPids } from "./stop.ts"

/**
 * Step `restart`: a container whose command has ended, or was ended to be replaced, gets another one, in the namespaces that its monitor holds: its links, addresses
 * and routes stay as they are, and so do its writable layer and its log. What lives and dies with processes (pid, mount and cgroup
 * namespace) is new. The new monitor takes over while the old one is there: killed before that, nothing has changed.
 */
export function restart(steps: readonly Step[], run: Run): Promise<StepResult>[] {
  const rootFacts = rootFactsReader(run.kernel, run.stack)
  return steps.map((step) => attempt(() => restartOne(step, run, rootFacts)))
}

async function restartOne(step: Step, run: Run, rootFacts: ReturnType<typeof rootFactsReader>): Promise<void> {
  const attributes = withSharedMaps(wantedAttributes(step), run)
  const { name } = step.change
  const group = groupPath(name, attributes)
  run.cgroups.requireRunning(group)
  const before = monitorsOf(step)
  const ids = lookupUser(run.kernel, attributes)
  const record = step.change.keeps ? newRecord(step, run, ids) : presentRecord(step, run)
  if (step.change.keeps) writeRecord(run.kernel, run.stack, name, { ...record, unstarted: true })
  else if (!ownsPids(step)) clear(run, group)
  run.cgroups.make(group, attributes.limits, programOf(run.kernel, attributes))
  writeNamed(run, name, attributes)
  prepareNamesLayer(run, [attributes])
  const facts: LaunchFacts = {
    stack: run.stack,
    name,
    root: rootFacts(name, attributes, step.change.resource),
    ids,
    files: givenFiles(run.kernel, attributes, run.desired.variables),
    cgroups: run.cgroups.foldersOf(group, attributes.limits),
    namespaceOf: (kind, mode) => keptNamespace(run, before[0], kind, mode),
  }
  writeCheck(run, name, attributes, ids)
  const launch = withoutMaps(launchRecord(attributes, facts))
  const monitor = await run.kernel.spawn(launch)
  if (isRestarted(attributes)) forgetRestarts(run, name)
  writeLaunch(run, name, attributes, launch, monitor)
  run.born.set(step.address, { ...run.born.get(step.address), monitor, init: monitor.init, ...heldNamespaces(run, monitor, attributes) })
  await goInstead(run, monitor, `${runFolderOf(run.stack, name)}/state`)
  if (step.change.keeps || record.unstarted) writeRecord(run.kernel, run.stack, name, started(record))
  await killAll(run, before)
}

/**
 * What is left of the command before. Its group goes with it: into one that was once killed as a whole (cgroup.kill) the kernel lets no
 * process be born alive, however long ago that was (seen on Linux 6.18).
 */
function clear({ cgroups }: Run, group: string): void {
  cgroups.kill(group)
  cgroups.remove(group)
}

/** Where the new command cannot even begin, the old monitor is there yet, with all that hangs on it, and how its command has ended. */
async function goInstead({ kernel }: Run, monitor: Monitor, state: string): Promise<void> {
  const ended = kernel.read(state)
  kernel.removeTree(state)
  try {
    await monitor.go()
  } catch (failure) {
    if (ended !== null) kernel.replaceFile(state, ended)
    throw failure
  }
}

/** Step `reap`: the monitors of a restart that was cut short, when the new command ran already. */
export function reap(steps: readonly Step[], run: Run): Promise<StepResult>[] {
  return steps.map((step) => attempt(() => killAll(run, monitorsOf(step).slice(1))))
}

/** Sysctls of the kept namespaces have had their defaults before the container was replaced. */
function newRecord({ change }: Step, { kernel, stack }: Run, ids: Ids): ContainerRecord {
  const boot = bootId(kernel)
  const before = parseRecord(kernel.read(recordPath(stack, change.name)), boot)
  const attributes = change.after as unknown as ContainerAttributes
  return { version: 1, boot, attributes, ids, sysctlDefaults: before?.sysctlDefaults ?? {} }
}

/** That of a container whose command is started again: without one it would have been made anew. */
function presentRecord({ address, change }: Step, { kernel, stack }: Run): ContainerRecord {
  const record = parseRecord(kernel.read(recordPath(stack, change.name)), bootId(kernel))
  if (record === undefined) throw new KernelError(`read the record of ${address}`, "ESTALE", "it is gone by now")
  return record
}

function started({ unstarted: _, ...record }: ContainerRecord): ContainerRecord {
  return record
}

/** Its own, where its monitor holds them; those of others as at the first time. */
function keptNamespace(run: Run, monitor: ProcessId | undefined, kind: keyof LaunchRecord["namespaces"], mode: NamespaceMode): string {
  if (mode !== "new" || monitor === undefined || !KEPT_NAMESPACES.has(kind)) return namespacePath(run, kind, mode)
  return run.kernel.heldNamespaces(monitor)[kind as keyof HeldNamespaces]
}

/** The kernel takes the maps of a user namespace once: one that is joined has them. user_namespaces(7) */
function withoutMaps(record: LaunchRecord): LaunchRecord {
  return record.namespaces.user === "new" ? record : { ...record, uidMap: "", gidMap: "" }
}
