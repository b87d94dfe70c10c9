import type { Relations } from "../../model/resource.ts"
import type { InterfaceAttributes } from "./spec.ts"

/** It lives in its container, and is attached anew to a bridge that is made anew. */
export function interfaceRelations({ bridge, container }: Pick<InterfaceAttributes, "bridge" | "container">): Relations {
  return {
    references: [
      ...(bridge === undefined ? [] : [{ address: bridge, onReplace: { update: "master" } } as const]),
      { address: container, onReplace: "replace", onKept: true },
    ],
    partOf: container,
  }
}
