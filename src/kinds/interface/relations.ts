import type { Address } from "../../base/address.ts"
import type { Relations } from "../../model/resource.ts"
import type { InterfaceAttributes } from "./spec.ts"

/** The vrf of a container. */
export function masterAddress(container: Address, vrf: string): Address {
  return `interface.${container.slice("container.".length)}.${vrf}`
}

/** It lives in its container, is made anew with its vrf, and is attached anew to a bridge that is made anew. */
export function interfaceRelations(attributes: Pick<InterfaceAttributes, "bridge" | "container" | "inside_master">): Relations {
  const { bridge, container, inside_master: vrf } = attributes
  return {
    references: [
      ...(bridge === undefined ? [] : [{ address: bridge, onReplace: { update: "master" } } as const]),
      ...(vrf === undefined ? [] : [{ address: masterAddress(container, vrf), onReplace: "replace" } as const]),
      { address: container, onReplace: "replace", onKept: true },
    ],
    partOf: container,
  }
}
