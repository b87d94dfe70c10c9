import type { Address } from "../../base/address.ts"
import { splitAddress } from "../../base/address.ts"
import type { Doing } from "../../model/change.ts"
import type { Kind } from "../../model/kind.ts"
import type { Attributes } from "../../model/resource.ts"
import type { StepDraft } from "../../model/step.ts"
import { stepId } from "../../model/step.ts"

/** The hosts files of a stack, as the planner sees them. They are written in place: who has one open or mounted sees the change. */
export const hostsKind: Kind = {
  name: "hosts",
  rules: [
    { path: "names.*", change: "update" },
    { path: "own.*.*", change: "update" },
  ],
  readdressed,
  steps,
}

/** A container's own file is called as it is. */
function readdressed(attributes: Attributes, rename: (address: Address) => Address): Attributes {
  if (attributes.own === undefined) return attributes
  const own = Object.entries(attributes.own as Attributes).map(([name, lines]) => [splitAddress(rename(`container.${name}`)).name, lines])
  return { ...attributes, own: Object.fromEntries(own) }
}

function steps({ action, address, after }: Doing): StepDraft[] {
  switch (action) {
    case "create":
      return [{ op: "create", after: renamings(after) }]
    case "update":
      return [{ op: "update", after: renamings(after) }]
    case "replace":
      return [{ op: "delete" }, { op: "create", after: [stepId(address, "delete"), ...renamings(after)] }]
    case "delete":
      return [{ op: "delete" }]
  }
}

/** A container's own file is found by the container's name, which it has once it is moved. */
function renamings(attributes: Attributes | null): string[] {
  return Object.keys((attributes?.own ?? {}) as Attributes).map((name) => stepId(`container.${name}`, "move"))
}
