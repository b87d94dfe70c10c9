import type { MountCopy, SetupOp } from "../../kernel/kernel.ts"
import { MS_NODEV, MS_NOSUID, MS_PRIVATE, MS_RDONLY, MS_REC, MS_SLAVE } from "../../kernel/mount-flags.ts"
import type { RootFacts, RootPlan } from "./rootfs.ts"
import type { Mount, Mounts } from "./spec-mounts.ts"
import { inMountOrder } from "./spec-mounts.ts"

/** What is mounted in the root once its own filesystems are there: the copies, numbered behind those of the root itself, and where they go. */
export function mountPlan(mounts: Mounts, facts: RootFacts, mapped: boolean, root: RootPlan): Pick<RootPlan, "mounts" | "setup"> {
  const copies: MountCopy[] = [...root.mounts]
  const setup = inMountOrder(mounts).map(([target, mount]): SetupOp => {
    if (mount.type === "tmpfs") return { op: "tmpfs", target, flags: MS_NOSUID | MS_NODEV, data: tmpfsData(mount) }
    copies.push(copyOf(mount, facts, mapped))
    return { op: "attach", mount: copies.length - 1, target }
  })
  return { mounts: copies, setup }
}

export function tmpfsData({ size, mode }: Extract<Mount, { type: "tmpfs" }>): string {
  return `mode=${mode}${size === undefined ? "" : `,size=${size}`}`
}

/** As of an image, set-user-id bits count for nothing, and device nodes open nothing. */
export function copyOf(mount: Exclude<Mount, { type: "tmpfs" }>, { volumes }: Pick<RootFacts, "volumes">, mapped: boolean): MountCopy {
  const flags = MS_NOSUID | MS_NODEV | (mount.read_only ? MS_RDONLY : 0)
  if (mount.type === "volume") return { source: `${volumes}/${mount.source}`, flags, propagation: MS_PRIVATE, idmapped: mapped }
  return {
    source: mount.source,
    flags: flags | MS_REC,
    propagation: mount.propagation === "slave" ? MS_SLAVE : MS_PRIVATE,
    idmapped: mount.idmapped && mapped,
  }
}
