/** What is mounted in a container, by the place where. */
export type Mounts = { [target: string]: Mount }

export type Mount = VolumeMount | BindMount | TmpfsMount

/** A volume of the stack. Its files are whose they are as ids of the container. */
export interface VolumeMount {
  type: "volume"
  /** Its name. */
  source: string
  read_only: boolean
}

/** A folder or file of the host, with all that is mounted below it. */
export interface BindMount {
  type: "bind"
  /** An absolute path. */
  source: string
  read_only: boolean
  /** Whether what is mounted below it on the host later on shows inside. mount_namespaces(7) */
  propagation: "private" | "slave"
  /** What belongs to id n on the disk shows as the container's id n. */
  idmapped: boolean
}

/** tmpfs(5) */
export interface TmpfsMount {
  type: "tmpfs"
  /** Bytes; absent: half of the memory. */
  size?: number
  /** In octal, without a zero in front. */
  mode: string
}

/**
 * Why nothing can be mounted at a target of a container: the later one is where the earlier one is, or above it; what is `there` is of another
 * sort; or nothing is there, and the container's root may not make it in the host's folder `closed`.
 */
export type TargetFault = {
  field: "mounts" | "secrets" | "configs"
  /** As it is written, and where that leads to: absolute paths inside. */
  later: TargetPlace
} & ({ earlier: TargetPlace } | { there: "file" | "folder" } | { closed: string })

interface TargetPlace {
  target: string
  place: string
}

/** Parents before children, whatever the order of the file. */
export function inMountOrder(mounts: Mounts): [string, Mount][] {
  const depth = (target: string) => target.split("/").length
  return Object.entries(mounts).sort(([a], [b]) => depth(a) - depth(b) || (a < b ? -1 : 1))
}

/** The volumes among them. */
export function volumesIn(mounts: Mounts | undefined): string[] {
  return [...new Set(Object.values(mounts ?? {}).flatMap((mount) => (mount.type === "volume" ? [mount.source] : [])))].sort()
}

export function bindSources(mounts: Mounts): string[] {
  return Object.values(mounts).flatMap((mount) => (mount.type === "bind" ? [mount.source] : []))
}
