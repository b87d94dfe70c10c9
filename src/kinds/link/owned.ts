import type { Address } from "../../base/address.ts"
import { splitAddress } from "../../base/address.ts"
import type { Link } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import { addressOfAlias, linkGroupOf } from "../../model/ownership.ts"
import type { Foreign, KindName } from "../../model/resource.ts"

/** Why a link that bears our group but no alias is half-made. */
export const UNMARKED = "its creation was cut short before it was marked"

export interface OwnedLink {
  link: Link
  address: Address
  incomplete?: string
}

/** Kernel names that resources of one kind want on the host. */
export type WantedNames = ReadonlyMap<string, Address>

/**
 * The host's links of this stack for one kind: those that bear its alias, and half-made ones (our group, no alias yet)
 * of that link type. A half-made one belongs to the resource that wants its name, else it is called by its own name.
 */
export function ownedLinks(scope: Scope, kind: KindName, linkType: string, wanted: WantedNames): OwnedLink[] {
  const group = linkGroupOf(scope.stack)
  const owned: OwnedLink[] = []
  for (const link of scope.host.links) {
    const address = addressOfAlias(scope.stack, link.alias)
    if (address !== undefined) {
      if (splitAddress(address).kind === kind) owned.push({ link, address })
    } else if (link.group === group && link.alias === "" && link.kind === linkType) {
      owned.push({ link, address: wanted.get(link.name) ?? `${kind}.${link.name}`, incomplete: UNMARKED })
    }
  }
  return owned
}

/** Links of another owner that stand where a wanted one must go. */
export function foreignLinks(scope: Scope, wanted: WantedNames): Foreign[] {
  const group = linkGroupOf(scope.stack)
  const foreign: Foreign[] = []
  for (const link of scope.host.links) {
    const address = wanted.get(link.name)
    if (address === undefined || addressOfAlias(scope.stack, link.alias) !== undefined) continue
    if (link.group === group && link.alias === "") continue
    const mark = link.alias === "" ? "bears no mark of a stack" : `is marked "${link.alias}"`
    foreign.push({ address, what: `link ${link.name} (index ${link.index}, ${link.kind || "device"}) ${mark}` })
  }
  return foreign
}
