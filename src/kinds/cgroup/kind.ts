import type { Change } from "../../model/change.ts"
import type { Kind } from "../../model/kind.ts"
import type { StepDraft } from "../../model/step.ts"
import { stepId } from "../../model/step.ts"
import { limitDiagnostics, normaliseLimits, widest } from "./limits.ts"
import type { CgroupAttributes, Limits } from "./spec.ts"

/** A shared parent group, as the planner sees it. */
export const cgroupKind: Kind = {
  name: "cgroup",
  rules: [{ path: "limits.*", change: "update" }],
  normalise: normaliseLimits,
  check: limitDiagnostics,
  steps,
}

/** Its members name its steps in theirs: they are made in it, and removed before it. */
function steps(change: Change): StepDraft[] {
  const place = [`cgroup/${change.name}`]
  const create: StepDraft = { op: "create", after: [stepId(change.address, "delete")], takes: place }
  const remove: StepDraft = { op: "delete", frees: place }
  switch (change.action) {
    case "create":
      return [create]
    case "update":
      return updates(change)
    case "replace":
      return [remove, create]
    case "delete":
      return [remove]
    case "no-op":
      return []
  }
}

/** First what gets wider, then, when its members have changed too, what gets tighter. */
function updates({ address, fields, ...change }: Change): StepDraft[] {
  const [before, after] = [limitsOf(change.before), limitsOf(change.after)]
  const between = widest(before, after)
  const keys = fields.map(({ path }) => path.split(".")[1] as keyof Limits)
  return [
    ...(keys.some((key) => between[key] !== before[key]) ? [{ op: "widen" }] : []),
    ...(keys.some((key) => between[key] !== after[key]) ? [{ op: "update", after: [stepId(address, "widen")] }] : []),
  ]
}

function limitsOf(side: Change["before"]): Limits {
  return (side as unknown as CgroupAttributes | null)?.limits ?? {}
}
