import type { Change } from "../../model/change.ts"
import type { Kind } from "../../model/kind.ts"
import type { StepDraft } from "../../model/step.ts"
import { stepId } from "../../model/step.ts"
import { limitDiagnostics, normaliseLimits } from "./limits.ts"

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
      return [{ op: "update" }]
    case "replace":
      return [remove, create]
    case "delete":
      return [remove]
    case "no-op":
      return []
  }
}
