import type { MountCopy, SetupOp } from "../../kernel/kernel.ts"
import { MS_NODEV, MS_NOSUID, MS_PRIVATE, MS_RDONLY } from "../../kernel/mount-flags.ts"
import type { RootFacts, RootPlan } from "./rootfs.ts"
import type { ContainerAttributes } from "./spec.ts"

/** A folder that is read only, as a container with ids of its own sees it: what is root's on the host is its root's. */
export function mappedCopy(source: string): MountCopy {
  return { source, flags: MS_RDONLY | MS_NOSUID | MS_NODEV, propagation: MS_PRIVATE, idmapped: true }
}

/** The same root with all that is written to it on a tmpfs: of the layer only its folder is on the disk. */
export function ephemeralLayer({ prepare: [layer, ...parts], setup, ...rest }: RootPlan, path: string): RootPlan {
  const inLayer = (part: string) => part.slice(path.length)
  // On a tmpfs that is new each time everything is.
  return {
    ...rest,
    prepare: layer === undefined ? [] : [layer],
    setup: [
      { op: "mount-root", source: "tmpfs", path, type: "tmpfs", flags: MS_NOSUID | MS_NODEV, data: "mode=755" },
      { op: "root", path },
      ...parts.map(({ path: part, mode, link }): SetupOp => {
        const target = inLayer(part)
        return link === undefined ? { op: "mkdir", target, mode } : { op: "symlink", target, to: link }
      }),
      ...setup,
    ],
  }
}

/** Where the command starts is made before nothing can be any more; what is mounted below the root is not the root's. */
export function closedRoot({ image, working_dir }: ContainerAttributes, { systemFolders }: RootFacts): SetupOp[] {
  const folders = image === "host" ? systemFolders.filter(({ link }) => link === null).map(({ name }) => `/${name}`) : []
  const start: SetupOp[] = /^\/(proc|sys)?(\/|$)/.test(working_dir) ? [] : [{ op: "folder", target: working_dir }]
  return [...start, ...["/", ...folders].map((target): SetupOp => ({ op: "read-only", target }))]
}
