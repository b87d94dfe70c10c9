import type { Change } from "../../model/change.ts"
import type { Kind } from "../../model/kind.ts"
import type { StepDraft } from "../../model/step.ts"
import { stepId } from "../../model/step.ts"

/** The network address translation of a bridge, as the planner sees it. Its rules name links, which need not be there yet. */
export const natKind: Kind = {
  name: "nat",
  rules: [
    { path: "rules", change: "update" },
    { path: "sysctls.*", change: "update" },
  ],
  steps,
}

function steps({ action, address }: Change): StepDraft[] {
  switch (action) {
    case "create":
      return [{ op: "create" }]
    case "update":
      return [{ op: "update" }]
    case "replace":
      return [{ op: "delete" }, { op: "create", after: [stepId(address, "delete")] }]
    case "delete":
      return [{ op: "delete" }]
    case "no-op":
      return []
  }
}
