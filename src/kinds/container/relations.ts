import type { Address } from "../../base/address.ts"
import type { HeldNamespaces } from "../../kernel/kernel.ts"
import type { Attributes, Reference, Relations, Value } from "../../model/resource.ts"
import { HOSTS_ADDRESS } from "../hosts/spec.ts"
import { imageAddress, isKept } from "../image/spec.ts"
import type { ContainerAttributes } from "./spec.ts"
import { volumesIn } from "./spec-mounts.ts"

/** Those that a monitor holds, whether its command runs or not. */
export const KEPT_NAMESPACES: ReadonlySet<string> = new Set<keyof HeldNamespaces>(["user", "net", "uts", "ipc"])

/** Its image, its parent group, its volumes, the containers that start before it, and those whose namespaces it shares: an address once, the stronger tie first. */
export function containerRelations(
  attributes: Pick<ContainerAttributes, "hosts" | "image" | "cgroup" | "depends_on" | "namespaces" | "mounts">,
): Relations {
  const { hosts, image, cgroup, depends_on, namespaces, mounts } = attributes
  const shared = Object.entries(namespaces).filter(([, mode]) => mode.startsWith("container:"))
  // What lives and dies with processes is not kept.
  const mortal = new Set(shared.filter(([kind]) => !KEPT_NAMESPACES.has(kind)).map(([, mode]) => mode))
  const found = new Map<Address, Reference>()
  if (cgroup !== "") found.set(`cgroup.${cgroup}`, { address: `cgroup.${cgroup}`, onReplace: "replace" })
  for (const [, mode] of shared) {
    const address: Address = mode.replace(":", ".")
    found.set(address, { address, onReplace: "replace", ...(mortal.has(mode) ? {} : { onKept: true }) })
  }
  for (const name of volumesIn(mounts)) found.set(`volume.${name}`, { address: `volume.${name}`, onReplace: "replace" })
  for (const address of depends_on) if (!found.has(address)) found.set(address, { address, onReplace: "none" })
  if (isKept(image)) found.set(imageAddress(image), { address: imageAddress(image), onReplace: "none" })
  if (hosts === "stack" || hosts === "own") found.set(HOSTS_ADDRESS, { address: HOSTS_ADDRESS, onReplace: { update: "hosts" } })
  return { references: [...found.values()] }
}

/** Its group is not among what has other addresses: the process itself must come into another one where that of its parent does. */
export function readdressedContainer(attributes: Attributes, rename: (address: Address) => Address): Attributes {
  const { depends_on, conditions, namespaces } = attributes
  const shared = (mode: Value) => rename(String(mode).replace(":", ".")).replace(".", ":")
  const modes = Object.entries((namespaces ?? {}) as Attributes)
  return {
    ...attributes,
    ...(conditions === undefined
      ? {}
      : { conditions: Object.fromEntries(Object.entries(conditions as Attributes).map(([address, is]) => [rename(address), is])) }),
    ...(Array.isArray(depends_on) ? { depends_on: (depends_on as Address[]).map(rename).sort() } : {}),
    ...(namespaces === undefined ? {} : { namespaces: Object.fromEntries(modes.map(([kind, mode]) => [kind, shared(mode)])) }),
  }
}
