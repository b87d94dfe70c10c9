import type { Address } from "../../base/address.ts"
import type { Link, NetDump, NetRequest } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import type { Attributes } from "../../model/resource.ts"
import { ownerOf } from "../link/owned.ts"
import type { VrfRules } from "./spec.ts"

/**
 * The rules by which the kernel asks the tables of vrfs, one for each family, are the namespace's: it makes them with its first vrf, and never again.
 * Where one is not there, that is told of the first vrf of the stack: `l3mdev: { inet: false }`.
 */
export function observedVrfRules(scope: Scope, container: Address, { links, vrfUnruled = [] }: NetDump, link: Link): Attributes {
  if (link.kind !== "vrf" || vrfUnruled.length === 0) return {}
  const first = links.find((one) => one.kind === "vrf" && ownerOf(scope, container, one)?.startsWith("interface.") === true)
  return first?.index === link.index ? { l3mdev: Object.fromEntries(vrfUnruled.map((family) => [family, false])) } : {}
}

export function vrfRuleChanges(have: VrfRules = {}, want: VrfRules = {}): NetRequest[] {
  return (["inet", "inet6"] as const).flatMap((family): NetRequest[] => {
    const [is, shall] = [have[family] ?? true, want[family] ?? true]
    return is === shall ? [] : [{ op: shall ? "vrf-rule-add" : "vrf-rule-delete", family }]
  })
}
