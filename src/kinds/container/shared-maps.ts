import type { Run } from "../../model/driver.ts"
import type { ContainerAttributes } from "./spec.ts"

/** Who is in another container's user namespace has its ids: they are what its files belong to. */
export function withSharedMaps(attributes: ContainerAttributes, run: Run): ContainerAttributes {
  let { uid_map, gid_map, namespaces } = attributes
  for (let hops = 0; namespaces.user.startsWith("container:") && hops < run.desired.resources.length; hops++) {
    const address = namespaces.user.replace(":", ".")
    const owner = run.desired.resources.find((resource) => resource.address === address)
    if (owner === undefined) break
    ;({ uid_map, gid_map, namespaces } = owner.attributes as unknown as ContainerAttributes)
  }
  return { ...attributes, uid_map, gid_map }
}
