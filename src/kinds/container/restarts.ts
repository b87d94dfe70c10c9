import { signalNumber } from "../../base/signal.ts"
import type { LaunchRecord, ProcessId } from "../../kernel/kernel.ts"
import { encodeAgain } from "../../kernel/launch/again.ts"
import { startTimeIn } from "../../kernel/start-time.ts"
import type { Run } from "../../model/driver.ts"
import { runFolderOf } from "../../model/ownership.ts"
import { rootFactsReader } from "./facts.ts"
import type { Ids } from "./identity.ts"
import { groupPath } from "./kind-group-path.ts"
import { launchRecord } from "./launch.ts"
import { withSharedMaps } from "./shared-maps.ts"
import type { ContainerAttributes } from "./spec.ts"
import { isRestarted } from "./spec-life.ts"

/** By which its monitor starts its command again. It names that one: another one that takes its place has its own. */
const LAUNCH = "launch"

export function launchPath(stack: string, container: string): string {
  return `${runFolderOf(stack, container)}/${LAUNCH}`
}

/** What its monitor tells of that. */
export function restartsPath(stack: string, container: string): string {
  return `${runFolderOf(stack, container)}/restarts`
}

/** `launch` of one that has just been launched so, and waits. */
export function writeLaunch(
  { kernel, stack }: Run,
  name: string,
  attributes: ContainerAttributes,
  launch: LaunchRecord,
  { pid }: ProcessId,
): void {
  const { restart, stop_signal, stop_grace_period } = attributes
  if (!isRestarted(attributes)) return
  const stopSignal = signalNumber(stop_signal) as number
  kernel.replaceFile(launchPath(stack, name), encodeAgain({ restart, monitor: pid, stopSignal, graceMs: stop_grace_period, launch }))
}

/**
 * The same of one that has been there for a while, as it would be launched now: what is changed in place is so after the next restart, too.
 * Its own namespaces are there, whatever the record calls them; files that it is given are in the record that its monitor keeps.
 */
export function rewriteLaunch(run: Run, name: string, wanted: ContainerAttributes, ids: Ids, monitor: ProcessId | undefined): void {
  if (!isRestarted(wanted) || monitor === undefined) return
  const attributes = withSharedMaps(wanted, run)
  const launch = launchRecord(attributes, {
    stack: run.stack,
    name,
    root: rootFactsReader(run.kernel, run.stack)(name, attributes),
    ids,
    files: [],
    cgroups: run.cgroups.foldersOf(groupPath(name, attributes), attributes.limits),
    namespaceOf: (_, mode) => (mode === "host" ? mode : "new"),
  })
  writeLaunch(run, name, attributes, launch, monitor)
}

/** From here on its monitor starts nothing; what it has started by now is the process that it has now. */
export function callOff({ kernel }: Run, folder: string): void {
  kernel.removeTree(`${folder}/${LAUNCH}`)
}

/** How often it was restarted is told of the present monitor. */
export function forgetRestarts({ kernel, stack }: Run, name: string): void {
  kernel.removeTree(restartsPath(stack, name))
}

/** A monitor's only child: the container's first process, also one that was not there when it was observed. */
export function presentInit({ kernel }: Run, { pid }: ProcessId): ProcessId | undefined {
  const child = Number.parseInt(kernel.read(`/proc/${pid}/task/${pid}/children`) ?? "", 10)
  const startTime = Number.isNaN(child) ? undefined : startTimeIn(kernel.read(`/proc/${child}/stat`))
  return startTime === undefined ? undefined : { pid: child, startTime }
}
