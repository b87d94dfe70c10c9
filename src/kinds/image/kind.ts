import type { Doing } from "../../model/change.ts"
import type { Kind } from "../../model/kind.ts"
import type { StepDraft } from "../../model/step.ts"

/**
 * An image, as the planner sees it: there in the store, or to be unpacked into it. Stacks share it, so that none takes it away: that is
 * `stack image rm`.
 */
export const imageKind: Kind = {
  name: "image",
  rules: [{ path: "digest", change: "update" }],
  steps,
}

function steps({ action }: Doing): StepDraft[] {
  return action === "delete" ? [] : [{ op: "unpack" }]
}
