import type { Change, Doing, FieldChange } from "../../model/change.ts"
import type { Kind } from "../../model/kind.ts"
import type { Attributes, HostFacts, Observed, Value } from "../../model/resource.ts"
import type { StepDraft, StepId } from "../../model/step.ts"
import { stepId } from "../../model/step.ts"
import { normaliseLimits } from "../cgroup/limits.ts"
import { HOSTS_ADDRESS } from "../hosts/spec.ts"
import { ending, sharedWith } from "./kind-ends.ts"
import { groupPath } from "./kind-group-path.ts"
import { isInPlace } from "./kind-in-place.ts"
import { INSIDE, RULES, UPDATES } from "./kind-rules.ts"
import {
  checkedSteps,
  freezingSteps,
  groupSteps,
  imageSteps,
  joined,
  parentOf,
  readySteps,
  runningSteps,
  startedBefore,
} from "./kind-waits.ts"
import { withWays } from "./kind-ways.ts"
import { containerProblems } from "./problems.ts"
import { containerRelations, readdressedContainer } from "./relations.ts"
import type { ContainerAttributes } from "./spec.ts"
import { ATTACHED } from "./spec-devices.ts"
import { isGiven } from "./spec-given.ts"
import { hasHealthcheck } from "./spec-health.ts"
import type { Life } from "./spec-life.ts"
import { isRestarted } from "./spec-life.ts"
import { volumesIn } from "./spec-mounts.ts"

/** A container, as the planner sees it. */
export const containerKind: Kind = {
  name: "container",
  rules: RULES,
  normalise,
  check: containerProblems,
  readdressed: readdressedContainer,
  asFound: withWays,
  keeps,
  sharedWith,
  ending,
  inPlace: isInPlace,
  relations: (attributes) => containerRelations(attributes as unknown as ContainerAttributes),
  steps,
}

/**
 * A command that came to a good end has done what was asked: it is not started again. What holds its group to its devices is to be there.
 * Routes and `lo` in a namespace that is not the container's own are the owner's to tell; its own is made with `lo` up, for which there
 * is no key; nor is there one for a group that is frozen, or a command that is stopped.
 */
function normalise(desired: Attributes, observed: Observed, host: HostFacts): { desired: Attributes; observed: Attributes } {
  const { desired: wanted, observed: found } = normaliseLimits(desired, observed, host)
  const want: { [key: string]: Value } = { ...wanted }
  if (found.state === "completed" || isAwaited(wanted, found)) want.state = found.state as Value
  if (found.device_program !== undefined) want.device_program = ATTACHED
  // As it was found it is wished for where that is given back.
  for (const rest of ["frozen", "stopped"]) if (found[rest] !== undefined) want[rest] ??= false
  Object.assign(want, watchedAnew(wanted, found), keptAnew(wanted, observed))
  const own = (want as unknown as ContainerAttributes).namespaces.net === "new"
  // A file that says nothing of them wants none.
  for (const key of ["rules", "neighbours"]) if (own && found[key] !== undefined) want[key] ??= []
  if (own && found.loopback !== undefined) want.loopback ??= "up"
  if (own) return { desired: want, observed: found }
  return { desired: want, observed: want.routes === undefined ? found : { ...found, routes: want.routes } }
}

/** A monitor that was told of no healthcheck asks for none as long as it lives: only another one does. */
function watchedAnew({ healthcheck: want }: Attributes, { healthcheck: have, state }: Observed["attributes"]): Attributes {
  const wanted = want as unknown as ContainerAttributes["healthcheck"]
  if (state !== "running" || !hasHealthcheck(wanted) || hasHealthcheck(have as unknown as ContainerAttributes["healthcheck"])) return {}
  return { healthcheck: { ...wanted, watched: true } }
}

/** Its monitor starts it again in a moment, as it is to. */
function isAwaited(wanted: Attributes, found: Attributes): boolean {
  return found.state === "restarting" && isRestarted(wanted as Partial<Life>)
}

/** A monitor that was not told that its command is restarted has let go of the files that it was given: only another one can give them again. */
function keptAnew(wanted: Attributes, { attributes: found, live }: Observed): Attributes {
  const runs = found.state === "running" || found.state === "restarting"
  if (!runs || live.restarts !== undefined || !isRestarted(wanted as Partial<Life>)) return {}
  return isGiven(wanted as unknown as ContainerAttributes) ? { restart_files: "kept" } : {}
}

/** Its monitor must be there, and be called as it is to be. */
function keeps({ live, movedFrom, unfinished }: Observed, fields: readonly FieldChange[]): boolean {
  if (live.monitor === undefined || movedFrom !== undefined || unfinished !== undefined) return false
  return fields.every(({ path, forcesReplacement }) => !forcesReplacement || INSIDE.has(path.split(".", 1)[0] as string))
}

function steps(change: Doing): StepDraft[] {
  switch (change.action) {
    case "create":
      return creation(change)
    case "update":
      return updates(change)
    case "replace":
      return change.keeps ? renewal(change) : [...deletion(change), ...creation(change)]
    case "delete":
      return deletion(change)
  }
}

// ----------------------------------------------------------------- creating

function creation(change: Change): StepDraft[] {
  const want = change.after as unknown as ContainerAttributes
  const own = (op: string) => stepId(change.address, op)
  const others = joined(want)
  const parent = groupSteps(want)
  return [
    {
      op: "cgroup",
      after: [own("remove"), ...imageSteps(want), ...parent],
      takes: [`cgroup/${groupPath(change.name, want)}`, `run/${change.name}`],
    },
    { op: "spawn", after: [own("cgroup"), ...volumeSteps(want, "create"), ...hostsSteps(want), ...readySteps(others)] },
    ...(want.routes.length === 0 && want.rules === undefined && want.neighbours === undefined
      ? []
      : [{ op: "routes", after: [own("spawn"), ...others.map(({ address }) => stepId(address, "routes"))] }]),
    ...waiting(change),
    { op: "start", after: [own("spawn"), own("routes"), own("wait"), ...runningSteps(want)], before: freezingSteps(want) },
  ]
}

/** Until those are as it wants them that it depends on. */
function waiting(change: Change): StepDraft[] {
  const want = change.after as unknown as ContainerAttributes
  return Object.keys(want.conditions).length === 0 ? [] : [{ op: "wait", after: [...runningSteps(want), ...checkedSteps(want)] }]
}

/** The names that it finds are those of the plan. */
function hostsSteps({ hosts }: ContainerAttributes): StepId[] {
  return hosts === "image" ? [] : ["create", "update"].map((op) => stepId(HOSTS_ADDRESS, op))
}

/** Of the volumes that it mounts. */
function volumeSteps({ mounts }: Partial<ContainerAttributes>, op: "create" | "delete"): StepId[] {
  return volumesIn(mounts).map((name) => stepId(`volume.${name}`, op))
}

// ----------------------------------------------------------------- deleting

function deletion(change: Change): StepDraft[] {
  const have = (change.before ?? {}) as unknown as Partial<ContainerAttributes>
  const own = (op: string) => stepId(change.address, op)
  const left = groupsOf(change).map(leaving)
  // What runs goes on until it is known that what comes after it is there.
  const after = change.after === null ? [] : imageSteps(change.after as unknown as ContainerAttributes)
  return [
    { op: "stop", after, before: startedBefore(have).map((address) => stepId(address, "stop")) },
    {
      op: "remove",
      after: [own("stop")],
      before: [...left.flatMap(({ before }) => before), ...volumeSteps(have, "delete")],
      frees: [...left.flatMap(({ frees }) => frees), `run/${formerName(change)}`],
    },
  ]
}

/** The group that was made for it, wherever somebody has moved its process. */
function groupOf({ name, before, observed }: Change): string {
  const { cgroup = "" } = (before ?? {}) as unknown as Partial<ContainerAttributes>
  const made = observed?.live.cgroup
  return typeof made === "string" && made !== "" ? made : groupPath(name, { cgroup })
}

/** All that are its: several where an apply was killed that was to give it another one. */
function groupsOf(change: Change): string[] {
  const groups = change.observed?.live.groups
  return Array.isArray(groups) ? (groups as string[]) : [groupOf(change)]
}

/** What waits until a group is left: who makes another of its name, and its parent group, which may change, go, or get another name. */
function leaving(group: string): Required<Pick<StepDraft, "before" | "frees">> {
  const above = group.slice(0, Math.max(0, group.lastIndexOf("/")))
  const before = parentOf({ cgroup: above }).flatMap((p) => ["update", "delete"].map((op) => stepId(p, op)))
  return { before, frees: [`cgroup/${group}`, ...(above === "" ? [] : [`in/cgroup/${above}`])] }
}

/** The name under which it is still kept. */
function formerName({ name, observed }: Change): string {
  const folder = observed?.live.runFolder
  return typeof folder === "string" ? folder.slice(folder.lastIndexOf("/") + 1) : name
}

// ----------------------------------------------------------------- in place

function updates(change: Change): StepDraft[] {
  const byOp = new Map<string, string[]>()
  if (change.movedFrom !== undefined || change.observed?.live.groups !== undefined) byOp.set("move", [])
  for (const { path } of change.fields) {
    const op = path === "frozen" && change.after?.frozen === true ? "freeze" : UPDATES[path.split(".", 1)[0] as string]
    if (op !== undefined) byOp.set(op, [...(byOp.get(op) ?? []), path])
  }
  // What is begun in a frozen group never says that it runs: who is given back so is frozen when it does.
  if (byOp.has("restart")) byOp.delete("freeze")
  if (change.observed?.live.beside !== undefined && !byOp.has("restart")) byOp.set("reap", [])
  if (byOp.has("restart") && waiting(change).length > 0) byOp.set("wait", [])
  // Another group is made with the limits that are wanted.
  const to = groupPath(change.name, change.after as unknown as ContainerAttributes)
  if (byOp.has("move") && groupsOf(change).some((group) => group !== to)) byOp.delete("limits")
  return [...byOp.keys()].flatMap((op) => {
    if (op === "move") return moving(change)
    if (op === "restart") return restarting(change)
    if (op === "wait") return waiting(change)
    const { after = [], ...draft } = ORDERED[op]?.(change) ?? { op }
    return { ...draft, after: [stepId(change.address, "move"), ...after] }
  })
}

/** Those that wait for steps of others, or the other way round. */
const ORDERED: { readonly [op: string]: (change: Change) => StepDraft } = { limits: limitsUpdate, hosts: hostsUpdate, mounts: mountsUpdate }

/** A volume is there before it is mounted, and goes once it is not. */
function mountsUpdate(change: Change): StepDraft {
  const [have, want] = [change.before, change.after] as unknown as Partial<ContainerAttributes>[]
  return { op: "mounts", after: volumeSteps(want ?? {}, "create"), before: volumeSteps(have ?? {}, "delete") }
}

/** What it is to see is there before; where it is to see none any more, that goes after. */
function hostsUpdate(change: Change): StepDraft {
  const want = change.after as unknown as ContainerAttributes
  const after = hostsSteps(want)
  return { op: "hosts", after, before: after.length === 0 ? [stepId(HOSTS_ADDRESS, "delete")] : [] }
}

/** Replaced, but for its namespaces and what is in them: that is changed in place. */
function renewal(change: Change): StepDraft[] {
  const restart = restarting(change)
  const own = (op: string) => stepId(change.address, op)
  const inPlace = ["routes", "loopback", "sysctls"].filter((op) =>
    change.fields.some(({ path }) => UPDATES[path.split(".", 1)[0] as string] === op),
  )
  return [
    ...deletion(change),
    ...inPlace.map((op) => ({ op })),
    ...waiting(change),
    {
      ...restart,
      after: [own("remove"), ...(restart.after ?? [])],
      takes: [`cgroup/${groupPath(change.name, change.after as unknown as ContainerAttributes)}`, `run/${change.name}`],
    },
  ]
}

/** Another command where everything else is as it is wanted; only what is read by the ids of its process waits for it. */
function restarting(change: Change): StepDraft {
  const want = change.after as unknown as ContainerAttributes
  const own = (op: string) => stepId(change.address, op)
  const parent = groupSteps(want)
  return {
    op: "restart",
    after: [
      ...["move", "limits", "routes", "loopback", "policy", "thaw", "signal", "wait"].map(own),
      ...imageSteps(want),
      ...parent,
      ...volumeSteps(want, "create"),
      ...hostsSteps(want),
      ...readySteps(joined(want)),
      ...runningSteps(want),
    ],
    before: [...["sysctls", "hostname", "devices", "ulimits", "oom", "healthcheck"].map(own), ...freezingSteps(want)],
  }
}

/** Into its new group when that of its parent is there, and out of the old one before that of the old parent goes. */
function moving(change: Change): StepDraft {
  const want = change.after as unknown as ContainerAttributes
  const to = groupPath(change.name, want)
  const left = groupsOf(change)
    .filter((group) => group !== to)
    .map(leaving)
  const [old, fresh] = [formerName(change), change.name]
  const parent = parentOf(want)
  return {
    op: "move",
    after: parent.flatMap((p) => ["create", "widen"].map((op) => stepId(p, op))),
    before: [...parent.map((p) => stepId(p, "update")), ...left.flatMap(({ before }) => before)],
    frees: [...left.flatMap(({ frees }) => frees), ...(old === fresh ? [] : [`run/${old}`])],
    takes: [...(left.length === 0 ? [] : [`cgroup/${to}`]), ...(old === fresh ? [] : [`run/${fresh}`])],
  }
}

/** Between what the parent's group makes wider and what it makes tighter, so that a child never asks for more than its parent has. */
function limitsUpdate(change: Change): StepDraft {
  const parent = parentOf(change.after as unknown as ContainerAttributes)
  return { op: "limits", after: parent.map((p) => stepId(p, "widen")), before: parent.map((p) => stepId(p, "update")) }
}
