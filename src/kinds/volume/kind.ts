import type { Doing } from "../../model/change.ts"
import type { Kind } from "../../model/kind.ts"
import type { StepDraft } from "../../model/step.ts"
import { stepId } from "../../model/step.ts"

/** A volume, as the planner sees it: it is there or it is not. Its containers name its steps in theirs. */
export const volumeKind: Kind = {
  name: "volume",
  rules: [],
  steps,
}

function steps({ action, address }: Doing): StepDraft[] {
  const create: StepDraft = { op: "create", after: [stepId(address, "delete")] }
  const remove: StepDraft = { op: "delete" }
  switch (action) {
    case "create":
      return [create]
    case "replace":
      return [remove, create]
    case "delete":
      return [remove]
    default:
      return []
  }
}
