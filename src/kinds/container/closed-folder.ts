import type { Kernel } from "../../kernel/kernel.ts"
import { insideId } from "./id-map.ts"
import { HOST_FOLDERS } from "./rootfs.ts"
import type { ContainerAttributes } from "./spec.ts"

export type Ids = Pick<ContainerAttributes, "uid_map" | "gid_map" | "namespaces">

/**
 * The folder of the host, as `image: host` shows it, in which what is to be mounted at these names would have to be made, and in which the
 * container's root may make nothing; undefined where it may, or nothing has to be made. `/usr`, `/etc` and the like are its own at the top.
 */
export function closedFolder(kernel: Kernel, names: readonly string[], { uid_map, gid_map, namespaces }: Ids): string | undefined {
  if (namespaces.user !== "new" || !HOST_FOLDERS.some((folder) => folder === names[0])) return undefined
  for (let depth = names.length - 1; depth > 1; depth--) {
    const folder = `/${names.slice(0, depth).join("/")}`
    const there = kernel.stat(folder)
    if (there === null) continue
    // Its mode is no matter: the overlay would have to make a folder that belongs to ids which the container has not (EOVERFLOW).
    const isOwn = isOfMap(uid_map, there.uid) && isOfMap(gid_map, there.gid)
    return isOwn || there.type !== "folder" ? undefined : folder
  }
  return undefined
}

/** Whether an id of the host is among the container's. Ids that a plan chooses are nobody's. */
function isOfMap(map: Ids["uid_map"], host: number): boolean {
  return Array.isArray(map) && insideId(map, host) !== undefined
}
