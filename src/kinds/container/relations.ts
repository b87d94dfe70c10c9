import type { Address } from "../../base/address.ts"
import type { Attributes, Reference, Relations, Value } from "../../model/resource.ts"
import type { ContainerAttributes } from "./spec.ts"

/** Its parent group, the containers that start before it, and those whose namespaces it shares: an address once, the stronger tie first. */
export function containerRelations(attributes: Pick<ContainerAttributes, "cgroup" | "depends_on" | "namespaces">): Relations {
  const { cgroup, depends_on, namespaces } = attributes
  const shared = Object.values(namespaces).filter((mode) => mode.startsWith("container:"))
  const replaced = [...(cgroup === "" ? [] : [`cgroup.${cgroup}`]), ...shared.map((mode): Address => mode.replace(":", "."))]
  const found = new Map<Address, Reference>()
  for (const address of replaced) found.set(address, { address, onReplace: "replace" })
  for (const address of depends_on) if (!found.has(address)) found.set(address, { address, onReplace: "none" })
  return { references: [...found.values()] }
}

/** Its group is not among what has other addresses: the process itself must come into another one where that of its parent does. */
export function readdressedContainer(attributes: Attributes, rename: (address: Address) => Address): Attributes {
  const { depends_on, namespaces } = attributes
  const shared = (mode: Value) => rename(String(mode).replace(":", ".")).replace(".", ":")
  const modes = Object.entries((namespaces ?? {}) as Attributes)
  return {
    ...attributes,
    ...(Array.isArray(depends_on) ? { depends_on: (depends_on as Address[]).map(rename).sort() } : {}),
    ...(namespaces === undefined ? {} : { namespaces: Object.fromEntries(modes.map(([kind, mode]) => [kind, shared(mode)])) }),
  }
}
