import type { ProcessId } from "../../kernel/kernel.ts"
import type { Run, StepResult } from "../../model/driver.ts"
import { layerFolderOf, runFolderOf } from "../../model/ownership.ts"
import type { Step } from "../../model/step.ts"
import { attemptNow } from "../step-result.ts"
import { programOf } from "./devices.ts"
import { writeCheck } from "./health.ts"
import { groupPath } from "./kind-group-path.ts"
import { placesOf } from "./places.ts"
import type { ContainerRecord } from "./record.ts"
import { bootId, parseRecord, recordPath, writeRecord } from "./record.ts"
import { renameInRecords } from "./rename-in-records.ts"
import { rewriteLaunch } from "./restarts.ts"
import { wantedAttributes } from "./spawn.ts"
import type { ContainerAttributes } from "./spec.ts"

/**
 * Step `move`: a container takes another name, or another group, and goes on running. The run folder, which its monitor holds open, is its
 * name: with that one rename(2) it is another container's to everybody who looks. What else bears its name follows; the record tells
 * where that is until it is done, so that whoever comes after a killed apply goes on from there.
 */
export function move(steps: readonly Step[], run: Run): Promise<StepResult>[] {
  const boot = bootId(run.kernel)
  return steps.map((step) => attemptNow(() => moveOne(step, run, boot)))
}

function moveOne(step: Step, run: Run, boot: string): void {
  const { kernel, stack } = run
  const { name } = step.change
  const { folder, layer, groups } = placesOf(step, stack)
  const [old, to] = [lastName(folder), groupPath(name, wantedAttributes(step))]
  const record = parseRecord(kernel.read(recordPath(stack, old)), boot)
  if (record === undefined) return
  writeRecord(kernel, stack, old, { ...record, moving: { layer: lastName(layer), groups: [...new Set([...groups, to])] } })
  if (old !== name) {
    renameInRecords(run, old, name, boot)
    kernel.rename(folder, runFolderOf(stack, name))
  }
  if (lastName(layer) !== name && kernel.stat(layer) !== null) kernel.rename(layer, layerFolderOf(stack, name))
  const left = groups.filter((group) => group !== to)
  intoGroup(step, run, left, to)
  const now = moved(record, step, left.length > 0)
  writeCheck(run, name, now.attributes, now.ids)
  const { monitor } = (step.change.observed?.live ?? {}) as { monitor?: ProcessId }
  rewriteLaunch(run, name, now.attributes, now.ids, monitor)
  writeRecord(kernel, stack, name, now)
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1)
}

/** What is in its groups, and its first process wherever somebody has moved that, with all that it has begun. */
function intoGroup(step: Step, { cgroups, kernel }: Run, left: readonly string[], to: string): void {
  const attributes = wantedAttributes(step)
  for (const group of left) {
    cgroups.succeed(group, to, attributes.limits, programOf(kernel, attributes))
    cgroups.moveAll(group, to)
    cgroups.remove(group)
  }
  const { init } = (step.change.observed?.live ?? {}) as { init?: ProcessId }
  if (init !== undefined) cgroups.gather(to, init.pid)
}

/** Another group was made with the limits that are wanted; of those that may drift the file's are recorded, as where they are changed. */
function moved({ moving: _, ...record }: ContainerRecord, { change }: Step, regrouped: boolean): ContainerRecord {
  const { cgroup, limits } = (change.resource?.declared ?? change.after) as unknown as ContainerAttributes
  return { ...record, attributes: { ...record.attributes, cgroup, ...(regrouped ? { limits } : {}) } }
}
