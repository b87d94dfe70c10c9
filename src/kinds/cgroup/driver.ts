import { splitAddress } from "../../base/address.ts"
import type { Driver, Run, Scope } from "../../model/driver.ts"
import type { Observed, Value } from "../../model/resource.ts"
import type { Step } from "../../model/step.ts"
import { attemptNow } from "../step-result.ts"
import { adoptableGroup } from "./adoptable.ts"
import { widest } from "./limits.ts"
import type { CgroupAttributes, Limits } from "./spec.ts"

/** A shared parent group, `…/stack/STACK/NAME`. cgroups(7) */
export const cgroupDriver: Driver = {
  name: "cgroup",
  observe: (scope) => ({ resources: observed(scope), foreign: [] }),
  adoptable: adoptableGroup,
  ops: {
    create: (steps, run) => steps.map((step) => attemptNow(() => create(step, run))),
    thaw: (steps, run) => steps.map((step) => attemptNow(() => run.cgroups.thaw(step.change.name, undefined))),
    freeze: (steps, run) => steps.map((step) => attemptNow(() => run.cgroups.freeze(step.change.name))),
    widen: (steps, run) => steps.map((step) => attemptNow(() => run.cgroups.change(step.change.name, limitsBefore(step), between(step)))),
    update: (steps, run) => steps.map((step) => attemptNow(() => run.cgroups.change(step.change.name, between(step), limitsAfter(step)))),
    leave: (steps, run) => steps.map((step) => attemptNow(() => leave(step, run))),
    delete: (steps, run) => steps.map((step) => attemptNow(() => remove(step, run))),
  },
}

/** The group that it had until now; of one that the file has not moved its own. */
function formerName({ change }: Step): string {
  return change.movedFrom === undefined ? change.name : splitAddress(change.movedFrom).name
}

function create(step: Step, { cgroups }: Run): void {
  const { name, adopts } = step.change
  if (adopts === undefined) cgroups.make(name, limitsAfter(step))
  else cgroups.adopt(adopts, name, limitsAfter(step))
}

function remove(step: Step, { cgroups }: Run): void {
  const { name, after, resource } = step.change
  const back = resource?.givenBack
  const { limits, folders = [] } = (after ?? {}) as unknown as CgroupAttributes
  if (back === undefined) cgroups.remove(formerName(step))
  else cgroups.giveBack(name, back, { limits, folders })
}

/** What others have put into it comes along. */
function leave(step: Step, run: Run): void {
  run.cgroups.moveAll(formerName(step), step.change.name)
  run.cgroups.remove(formerName(step))
}

function limitsAfter(step: Step): Limits {
  return (step.change.after as unknown as CgroupAttributes).limits
}

function limitsBefore(step: Step): Limits {
  return (step.change.before as unknown as CgroupAttributes | null)?.limits ?? {}
}

function between(step: Step): Limits {
  return widest(limitsBefore(step), limitsAfter(step))
}

/** Groups of the stack that are no container's. */
function observed(scope: Scope): Observed[] {
  const others = scope.cgroups.groups().filter((name) => !scope.containers.has(name))
  const left = scope.groupsBeingLeft(others)
  const names = others.filter((name) => !left.has(name))
  const limits = scope.cgroups.limits(names, wantedLimits(scope))
  const frozen = scope.cgroups.frozen(new Map(names.map((name) => [name, undefined])))
  return names.map((name) => {
    const held = frozen.has(name) ? { frozen: true } : {}
    return {
      kind: "cgroup",
      address: `cgroup.${name}`,
      name,
      attributes: { limits: (limits.get(name) ?? {}) as unknown as Value, ...held },
      live: { ...placeOf(scope, scope.cgroups.holdingFolder(name)), ...held },
    }
  })
}

/** The inode of a cgroup's folder is never used again: another group of the name has another. */
function placeOf({ kernel }: Scope, path: string): Observed["live"] {
  return { path, inode: kernel.inode(path) ?? "" }
}

function wantedLimits(scope: Scope): Map<string, Limits[]> {
  const groups = scope.desired.resources.filter((r) => r.kind === "cgroup")
  return new Map(groups.map((r) => [r.name, [(r.attributes as unknown as CgroupAttributes).limits]]))
}
