import type { Reference, Relations } from "../../model/resource.ts"
import type { VethAttributes } from "./spec.ts"

/** Each end goes with the network namespace it is in. */
export function vethRelations({ endpoints }: Pick<VethAttributes, "endpoints">): Relations {
  const holders = new Set(endpoints.map((end) => end.container).filter((container) => container !== "host"))
  return { references: [...holders].map((address): Reference => ({ address, onReplace: "replace", onKept: true })) }
}
