import type { Address } from "../../base/address.ts"
import type { Reference, Relations } from "../../model/resource.ts"
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
