import { splitAddress } from "../../base/address.ts"
import type { Diagnostic } from "../../base/diagnostic.ts"
import { error } from "../../base/diagnostic.ts"
import type { Change, Doing } from "../../model/change.ts"
import type { Kind } from "../../model/kind.ts"
import type { Attributes, HostFacts, Observed, Resource } from "../../model/resource.ts"
import type { StepDraft } from "../../model/step.ts"
import { stepId } from "../../model/step.ts"
import { limitDiagnostics, normaliseLimits, widest } from "./limits.ts"
import type { CgroupAttributes, Limits } from "./spec.ts"

/** A shared parent group, as the planner sees it. */
export const cgroupKind: Kind = {
  name: "cgroup",
  rules: [
    { path: "frozen", change: "update" },
    { path: "limits.*", change: "update" },
  ],
  normalise,
  check: groupDiagnostics,
  steps,
}

/** There is no key for a group that is frozen: only who gives back what was found so wants one. */
function normalise(desired: Attributes, found: Observed, host: HostFacts): { desired: Attributes; observed: Attributes } {
  const both = normaliseLimits(desired, found, host)
  if (both.observed.frozen === undefined && both.desired.frozen === undefined) return both
  return { desired: { frozen: false, ...both.desired }, observed: { frozen: false, ...both.observed } }
}

/** An ordinary user without a delegated group can make none, whatever is limited in it. */
function groupDiagnostics(resource: Resource, host: HostFacts): Diagnostic[] {
  if (host.rootless === undefined || host.rootless.groups) return limitDiagnostics(resource, host)
  const range = resource.range()
  return [
    error("needs-root", `${resource.address} needs root: no cgroup belongs to this user`, {
      address: resource.address,
      hint: "take it out, or run it as root, or in a delegated group (systemd-run --user --scope -p Delegate=yes stack …)",
      ...(range === undefined ? {} : { range }),
    }),
  ]
}

/** Its members name its steps in theirs: they are made in it, and removed before it. */
function steps(change: Doing): StepDraft[] {
  const place = [`cgroup/${change.name}`]
  const create: StepDraft = { op: "create", after: [stepId(change.address, "delete")], takes: place }
  const remove: StepDraft = { op: "delete", frees: place }
  switch (change.action) {
    case "create":
      return [create]
    case "update":
      if (change.movedFrom !== undefined) return moving(change)
      // A group cannot be moved: one of the stack's takes the place of the foreign one, and on the way back that of the stack's.
      if (change.adopts !== undefined) return [create]
      return change.resource?.givenBack === undefined ? updates(change) : [remove]
    case "replace":
      return [remove, create]
    case "delete":
      return [remove]
  }
}

/**
 * A group that gets another name: cgroup2 renames none, and v1 only all that is below together, so that a killed apply would leave its
 * members where nothing says. So there is a new one first, its members come into it one by one, and then the old one goes.
 */
function moving({ address, name, movedFrom = "" }: Change): StepDraft[] {
  const old = splitAddress(movedFrom).name
  return [
    { op: "create", takes: [`cgroup/${name}`] },
    { op: "leave", after: [stepId(address, "create")], takes: [`in/cgroup/${old}`], frees: [`cgroup/${old}`] },
  ]
}

/** First what lets them run and what gets wider, then, when its members have changed too, what gets tighter. */
function updates({ address, fields, ...change }: Change): StepDraft[] {
  const [before, after] = [limitsOf(change.before), limitsOf(change.after)]
  const between = widest(before, after)
  const [isSwitched, frozen] = [fields.some(({ path }) => path === "frozen"), change.after?.frozen === true]
  const keys = fields.flatMap(({ path }) => (path.startsWith("limits.") ? [path.split(".")[1] as keyof Limits] : []))
  return [
    ...(isSwitched && !frozen ? [{ op: "thaw" }] : []),
    ...(keys.some((key) => between[key] !== before[key]) ? [{ op: "widen" }] : []),
    ...(keys.some((key) => between[key] !== after[key]) ? [{ op: "update", after: [stepId(address, "widen")] }] : []),
    ...(isSwitched && frozen ? [{ op: "freeze", after: [stepId(address, "update")] }] : []),
  ]
}

function limitsOf(side: Change["before"]): Limits {
  return (side as unknown as CgroupAttributes | null)?.limits ?? {}
}
