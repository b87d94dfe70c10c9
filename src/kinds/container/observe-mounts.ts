import type { MountLine } from "../../base/mountinfo.ts"
import { mountAbove, mountAt, parseMountinfo } from "../../base/mountinfo.ts"
import type { InsideFile, Kernel } from "../../kernel/kernel.ts"
import { KernelError } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import { volumeFolderOf } from "../../model/ownership.ts"
import { contentOf, MOST_BYTES } from "./given.ts"
import { observedGivens } from "./observe-given.ts"
import { realPath } from "./real-path.ts"
import type { ContainerRecord } from "./record.ts"
import { HOST_FOLDERS } from "./rootfs.ts"
import type { ContainerAttributes } from "./spec.ts"
import type { GivenSource } from "./spec-given.ts"
import type { BindMount, Mount, Mounts, TmpfsMount, VolumeMount } from "./spec-mounts.ts"

type Mounted = Pick<ContainerAttributes, "read_only" | "mounts" | "secrets" | "configs">

/** What is mounted in a container, and what of the host it is to be compared with. */
export interface MountReading {
  inside: readonly MountLine[]
  host: readonly MountLine[]
  /** Where a symbolic link of the host, or of the container, leads to. */
  sourceOf(path: string): string
  targetOf(path: string): string
  /** What is at a place of the container; null where there is nothing. */
  fileAt(path: string): InsideFile | null
  /** What a secret or a config should hold. */
  contentOf(source: GivenSource): Uint8Array | undefined
}

/** /proc/PID/mountinfo of those containers of which it tells something: others are not read, and have the usual. */
export function readMounts(scope: Scope, records: ReadonlyMap<string, ContainerRecord | undefined>): Map<string, MountReading> {
  const { kernel, monitors } = scope
  const telling = [...records].flatMap(([name, record]) => {
    const init = monitors.get(name)?.init
    return init !== undefined && record !== undefined && isTold(record.attributes) ? [{ name, pid: init.pid }] : []
  })
  if (telling.length === 0) return new Map()
  const host = parseMountinfo(kernel.read("/proc/self/mountinfo") ?? "")
  const sources = new Map<string, string>()
  const sourceOf = (path: string) => {
    const known = sources.get(path) ?? realPath(kernel, "", path)
    sources.set(path, known)
    return known
  }
  return new Map(
    telling.flatMap(({ name, pid }) => {
      const text = mountinfoOf(kernel, pid)
      const targetOf = (path: string) => realPath(kernel, `/proc/${pid}/root`, path)
      if (text === null) return []
      const wanted = (source: GivenSource) => contentOf(kernel, source, scope.desired.variables)
      const fileAt = (path: string) => kernel.readInside(`/proc/${pid}/root`, path, MOST_BYTES + 1)
      return [[name, { inside: parseMountinfo(text), host, sourceOf, targetOf, fileAt, contentOf: wanted }] as const]
    }),
  )
}

/** Null of a process that has ended: the kernel says EINVAL as long as it is a zombie. */
function mountinfoOf(kernel: Kernel, pid: number): string | null {
  try {
    return kernel.read(`/proc/${pid}/mountinfo`)
  } catch (failure) {
    if (failure instanceof KernelError && failure.errno === "EINVAL") return null
    throw failure
  }
}

function isTold({ read_only, mounts, secrets, configs, namespaces }: ContainerAttributes): boolean {
  return namespaces.mount === "new" && (read_only || [mounts, secrets, configs].some((some) => Object.keys(some).length > 0))
}

/** What is mounted in a container, as far as its file has to do with it. */
export function observedMounts(stack: string, reading: MountReading | undefined, { attributes }: ContainerRecord): Mounted {
  const { read_only, mounts, secrets, configs, image } = attributes
  if (reading === undefined) return { read_only, mounts, secrets, configs }
  return {
    read_only: read_only && rootMounts(reading.inside, image).every(({ options }) => options.includes("ro")),
    mounts: Object.fromEntries(
      Object.entries(mounts).flatMap(([target, given]): [string, Mount][] => {
        const line = mountAt(reading.inside, target) ?? mountAt(reading.inside, reading.targetOf(target))
        return line === undefined ? [] : [[target, observedMount(stack, reading, line, given)]]
      }),
    ) as Mounts,
    secrets: observedGivens(reading, secrets, attributes),
    configs: observedGivens(reading, configs, attributes),
  }
}

/** What its root is made of. */
function rootMounts(lines: readonly MountLine[], image: string): MountLine[] {
  const folders = image === "host" ? HOST_FOLDERS.map((name) => `/${name}`) : []
  return ["/", ...folders].flatMap((target) => mountAt(lines, target) ?? [])
}

function observedMount(stack: string, reading: MountReading, line: MountLine, given: Mount): Mount {
  if (given.type !== "tmpfs") return observedCopy(stack, reading, line, given)
  return line.type === "tmpfs" ? observedTmpfs(line, given) : stranger(line)
}

/** Of what it is told by is nothing left: something else is mounted there. */
function stranger({ device, root, options }: MountLine): BindMount {
  return { type: "bind", source: `${device}:${root}`, read_only: options.includes("ro"), propagation: "private", idmapped: false }
}

/** What is the usual it does not say. */
const TMPFS_MODE = "1777"
/** The most that a size is rounded up by: a page of the largest sort. */
const LARGEST_PAGE = 65536

function observedTmpfs({ superOptions }: MountLine, { size: wanted, mode: _ }: TmpfsMount): TmpfsMount {
  const value = (key: string) => superOptions.find((option) => option.startsWith(`${key}=`))?.slice(key.length + 1)
  const kibibytes = /^(\d+)k$/.exec(value("size") ?? "")?.[1]
  const bytes = kibibytes === undefined ? undefined : Number(kibibytes) * 1024
  const isRounded = wanted !== undefined && bytes !== undefined && bytes >= wanted && bytes - wanted < LARGEST_PAGE
  const size = isRounded ? wanted : bytes
  return { type: "tmpfs", ...(size === undefined ? {} : { size }), mode: value("mode") ?? TMPFS_MODE }
}

/** A copy is of the folder it was made of as long as it has the same root in the same file system. */
function observedCopy(stack: string, reading: MountReading, line: MountLine, given: VolumeMount | BindMount): Mount {
  const source = reading.sourceOf(given.type === "volume" ? volumeFolderOf(stack, given.source) : given.source)
  const above = mountAbove(reading.host, source)
  if (above === undefined || line.device !== above.device || line.root !== rootOf(above, source)) return stranger(line)
  // What is read-only on the host is so inside, whatever was asked for.
  const read_only = above.options.includes("ro") ? given.read_only : line.options.includes("ro")
  if (given.type === "volume") return { ...given, read_only }
  // A copy of a mount that is shared with nobody is nobody's slave.
  const propagation = line.slave ? "slave" : above.shared ? "private" : given.propagation
  return { ...given, read_only, propagation }
}

/** The path of a folder within its file system. */
function rootOf({ root, target }: MountLine, path: string): string {
  const below = target === "/" ? path : path.slice(target.length)
  return `${root}${below}`.replace(/^\/\//, "/").replace(/(.)\/$/, "$1")
}
