import type { Address } from "../../base/address.ts"
import type { Link, NetDump } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import type { Attributes } from "../../model/resource.ts"
import { ownerOf } from "../link/owned.ts"

/** The vrf of the stack that a link of a container is in. A bridge that the container itself has put it into is its own affair. */
export function observedMaster(scope: Scope, container: Address, { links }: NetDump, { master }: Link): Attributes {
  const found = master === 0 ? undefined : links.find(({ index }) => index === master)
  const isOurs = found?.kind === "vrf" && ownerOf(scope, container, found)?.startsWith("interface.") === true
  return isOurs ? { inside_master: found.name } : {}
}
