import type { Address } from "../../base/address.ts"
import { splitAddress } from "../../base/address.ts"
import type { Link } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import { addressOfAlias } from "../../model/ownership.ts"
import { LINK_KINDS } from "../interface/spec-link-kinds.ts"

/** The kernel's words for the links of each kind. */
const TYPES: { readonly [kind: string]: readonly string[] } = {
  bridge: ["bridge"],
  interface: ["veth", ...Object.keys(LINK_KINDS)],
  veth: ["veth"],
}

/** The resource of this stack that a link bears the mark of. */
export function markedOwner(scope: Scope, { alias }: Link): Address | undefined {
  const address = addressOfAlias(scope.stack, alias)
  return address !== undefined && Object.hasOwn(TYPES, splitAddress(address).kind) ? address : undefined
}

/** Whether a link of that type may be the one of such a resource. */
export function fitsType(address: Address, type: string): boolean {
  return TYPES[splitAddress(address).kind]?.includes(type) === true
}
