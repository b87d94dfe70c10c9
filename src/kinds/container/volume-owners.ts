import type { Kernel, PreparedEntry } from "../../kernel/kernel.ts"
import type { ContainerAttributes } from "./spec.ts"
import { inMountOrder } from "./spec-mounts.ts"

type Reader = Pick<Kernel, "list" | "lstat" | "stat">

/** Whose a volume's folder becomes before it is mounted. */
export type VolumeOwner = Pick<PreparedEntry, "path" | "uid" | "gid">

/**
 * A volume that is empty yet becomes whose the folder is that the image has in its place: a command that is not root could not write to it else.
 * What the image has in that folder is not copied. On the disk both have the ids of the container, see decision 18. `layers`: the image's folders,
 * the highest first; `volumes`: the folder of the stack's.
 */
export function volumeOwners(
  kernel: Reader,
  { image, mounts }: Pick<ContainerAttributes, "image" | "mounts">,
  layers: readonly string[],
  volumes: string,
): VolumeOwner[] {
  // The ids of the host's own files are nobody's in a container.
  if (image === "host") return []
  return inMountOrder(mounts).flatMap(([target, mount]) => {
    if (mount.type !== "volume" || mount.read_only) return []
    const path = `${volumes}/${mount.source}`
    const owner = kernel.list(path).length > 0 ? undefined : ownerIn(kernel, layers, target)
    return owner === undefined || (owner.uid === 0 && owner.gid === 0) ? [] : [{ path, ...owner }]
  })
}

/** Of the folder in the highest layer that has it; undefined: none, or a link is on the way, which only a root of its own could follow. */
function ownerIn(kernel: Reader, layers: readonly string[], target: string): { uid: number; gid: number } | undefined {
  for (const layer of layers) {
    const found = lookUp(kernel, layer, target)
    if (found === "other") return undefined
    if (found === "folder") {
      const status = kernel.stat(`${layer}${target}`)
      return status === null ? undefined : { uid: status.uid, gid: status.gid }
    }
  }
  return undefined
}

function lookUp(kernel: Reader, layer: string, target: string): "folder" | "absent" | "other" {
  let path = layer
  for (const part of target.split("/").filter(Boolean)) {
    path = `${path}/${part}`
    const type = kernel.lstat(path)?.type
    if (type === undefined) return "absent"
    if (type !== "folder") return "other"
  }
  return "folder"
}
