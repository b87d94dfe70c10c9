import type { Address } from "../../base/address.ts"
import type { Relations } from "../../model/resource.ts"
import type { InterfaceAttributes } from "./spec.ts"

/** An interface of a container: a vrf, a member of a bond. */
export function insideAddress(container: Address, name: string): Address {
  return `interface.${container.slice("container.".length)}.${name}`
}

/** It lives in its container, is made anew with its vrf or its parent, takes its members in again that are made anew, and is attached anew to a bridge that is made anew. */
export function interfaceRelations(
  attributes: Pick<InterfaceAttributes, "bridge" | "container" | "inside_master" | "bond" | "parent">,
): Relations {
  const { bridge, container, inside_master: vrf, bond, parent } = attributes
  return {
    references: [
      ...(bridge === undefined ? [] : [{ address: bridge, onReplace: { update: "master" } } as const]),
      ...(parent === undefined ? [] : [{ address: parent, onReplace: "replace" } as const]),
      ...(vrf === undefined ? [] : [{ address: insideAddress(container, vrf), onReplace: "replace" } as const]),
      ...(bond?.members ?? []).map((name) => ({ address: insideAddress(container, name), onReplace: { update: "bond.members" } }) as const),
      { address: container, onReplace: "replace", onKept: true },
    ],
    partOf: container,
  }
}
