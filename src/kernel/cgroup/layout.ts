import { DiagnosticError, error } from "../../base/diagnostic.ts"
import type { MountLine } from "../../base/mountinfo.ts"
import { parseMountinfo } from "../../base/mountinfo.ts"
import type { HostFacts } from "../../model/resource.ts"
import type { Kernel } from "../kernel.ts"

/** One cgroup hierarchy of this host. cgroups(7) */
export interface Hierarchy {
  version: 1 | 2
  /** In v2's words: v1's `blkio` is `io`. */
  controllers: readonly string[]
  /** The folder that stacks' groups go below: `TOP/stack/STACK/…`. */
  top: string
}

export interface CgroupLayout {
  controllers: HostFacts["controllers"]
  hierarchies: readonly Hierarchy[]
  /** The one that every group is in, whatever its limits: cgroup2 where mounted. */
  holding: Hierarchy
  /** Where v1's freezer is mounted, whole; absent: nowhere. */
  freezer?: string
  /** An ordinary user's, who may attach no device program: it can make no node, and the host's own have the host's permissions. */
  delegated?: true
}

interface Mount {
  version: 1 | 2
  controllers: string[]
  /** The part of the hierarchy that is mounted: `/` is all this process may see. */
  root: string
  folder: string
}

/** Controllers of v1 that plans depend on. */
const REPORTED = ["memory", "pids", "cpu", "io", "cpuset", "hugetlb"]
/** What holds the groups where there is no cgroup2. */
const HOLDING_V1 = ["pids", "freezer", "memory"]

/**
 * Where the cgroup hierarchies are and where groups of stacks go in each: from /proc/self/mountinfo and /proc/self/cgroup.
 *
 * Groups go below the topmost folder, from the mount down to our own group, that belongs to us. So for root they are at
 * the top of what is visible (the top of the hierarchy, or of a cgroup namespace), and for another user in the uppermost
 * folder that was delegated. They are not in the group of the caller: a later command, from another session or service,
 * must find the stack in the same place (no record tells where it is), and the end of a service must not end the stack.
 * At the top no process need make room first: only the root group may have members and give controllers to its children.
 * Systemd, which sees the top as its own, leaves a folder there alone that it did not make, and cannot turn off a
 * controller in the root as long as that folder gives it on.
 */
export function readLayout(kernel: Kernel): CgroupLayout {
  const layout = layoutOf(kernel, () => true)
  if (layout === undefined) throw noHierarchy()
  return layout
}

/** The same of an ordinary user in a user namespace of its own: only where the top of its groups belongs to it. Undefined: nowhere. */
export function readDelegatedLayout(kernel: Kernel): CgroupLayout | undefined {
  const layout = layoutOf(kernel, ({ top }, uid) => kernel.stat(top)?.uid === uid)
  return layout === undefined ? undefined : { ...layout, delegated: true }
}

function layoutOf(kernel: Kernel, may: (hierarchy: Hierarchy, uid: number) => boolean): CgroupLayout | undefined {
  const [mountinfo, own, status] = kernel.readMany(["/proc/self/mountinfo", "/proc/self/cgroup", "/proc/self/status"])
  if (typeof mountinfo !== "string") throw noProc()
  const uid = Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status ?? "")?.[1] ?? 0)
  const places = ownPlaces(own ?? "")
  const mounts = parseMounts(mountinfo)
  const hierarchies = mounts.flatMap((mount) => hierarchyOf(kernel, mount, places, uid)).filter((hierarchy) => may(hierarchy, uid))
  const v2 = hierarchies.find((h) => h.version === 2)
  const holding = v2 ?? HOLDING_V1.flatMap((c) => hierarchies.filter((h) => h.controllers.includes(c)))[0]
  if (holding === undefined) return undefined
  const names = v2 === undefined ? [...REPORTED, "devices"] : REPORTED
  const used = hierarchies.filter((h) => h === holding || h.controllers.some((c) => names.includes(c)))
  const freezer = mounts.find(({ root, controllers }) => root === "/" && controllers.includes("freezer"))?.folder
  return { controllers: reported(kernel, used, v2), hierarchies: used, holding, ...(freezer === undefined ? {} : { freezer }) }
}

/** All that is live is read there: without it nothing is known. */
function noProc(): DiagnosticError {
  return new DiagnosticError(
    error("no-proc", "/proc is not mounted", {
      detail: "/proc/self/mountinfo is not there, by which processes, mounts and cgroups are found",
      hint: "mount -t proc proc /proc",
    }),
  )
}

function noHierarchy(): DiagnosticError {
  return new DiagnosticError(
    error("no-cgroups", "no cgroup hierarchy is mounted", {
      detail: "/proc/self/mountinfo shows neither cgroup2 nor a v1 hierarchy with pids, freezer or memory",
      hint: "mount -t cgroup2 none /sys/fs/cgroup",
    }),
  )
}

/** One mount for each hierarchy: where it is mounted twice, the one that shows most of it. */
function parseMounts(mountinfo: string): Mount[] {
  const mounts = new Map<string, Mount>()
  for (const mount of parseMountinfo(mountinfo).flatMap(hierarchyMount)) {
    const key = `${mount.version} ${mount.controllers.join(",")}`
    const known = mounts.get(key)
    if (known === undefined || mount.root.length < known.root.length) mounts.set(key, mount)
  }
  return [...mounts.values()]
}

function hierarchyMount({ type, root, target: folder, superOptions }: MountLine): Mount[] {
  if (type === "cgroup2") return [{ version: 2, controllers: [], root, folder }]
  if (type !== "cgroup") return []
  const controllers = superOptions.filter((o) => V1_CONTROLLERS.has(o))
  return controllers.length === 0 ? [] : [{ version: 1, controllers, root, folder }]
}

const V1_CONTROLLERS = new Set(["memory", "pids", "cpu", "cpuacct", "blkio", "cpuset", "hugetlb", "freezer", "devices"])

/** Our group in each hierarchy, by version and controllers. */
function ownPlaces(text: string): (mount: Mount) => string {
  const lines = text.split("\n").map((line) => /^(\d+):([^:]*):(.*)$/.exec(line))
  return (mount) => {
    const line = lines.find((l) => (mount.version === 2 ? l?.[1] === "0" : mount.controllers.some((c) => l?.[2]?.split(",").includes(c))))
    return line?.[3] ?? "/"
  }
}

function hierarchyOf(kernel: Kernel, mount: Mount, placeOf: (mount: Mount) => string, uid: number): Hierarchy[] {
  const top = topFolder(kernel, mount, placeOf(mount), uid)
  if (mount.version === 1) return [{ version: 1, controllers: mount.controllers.map((c) => (c === "blkio" ? "io" : c)), top }]
  const controllers = kernel.read(`${top}/cgroup.controllers`)
  // A mount that another one hides has no such file where it is said to be.
  return controllers === null ? [] : [{ version: 2, controllers: controllers.trim().split(/\s+/).filter(Boolean), top }]
}

/** The topmost folder from the mount down to our own group that belongs to us; the mount if none does. */
function topFolder(kernel: Kernel, mount: Mount, place: string, uid: number): string {
  const root = mount.root === "/" ? "" : mount.root
  const below = place === root || place.startsWith(`${root}/`) ? place.slice(root.length) : ""
  let folder = mount.folder
  if (kernel.stat(folder)?.uid === uid) return folder
  for (const name of below.split("/").filter(Boolean)) {
    folder = `${folder}/${name}`
    if (kernel.stat(folder)?.uid === uid) return folder
  }
  return mount.folder
}

function reported(kernel: Kernel, hierarchies: readonly Hierarchy[], v2: Hierarchy | undefined): HostFacts["controllers"] {
  const found: { [controller: string]: "v1" | "v2" } = {}
  for (const { version, controllers } of hierarchies) {
    for (const name of controllers) if (version === 2 || REPORTED.includes(name)) found[name] = version === 2 ? "v2" : "v1"
  }
  if (v2 !== undefined) found.cgroup = "v2"
  if (accountsSwap(kernel, hierarchies))
    found.swap = hierarchies.some((h) => h.version === 1 && h.controllers.includes("memory")) ? "v1" : "v2"
  return found
}

/** v1 shows it by a file; the root group of v2 has none, but there swap is accounted wherever the kernel has swap. */
function accountsSwap(kernel: Kernel, hierarchies: readonly Hierarchy[]): boolean {
  const memory = hierarchies.find((h) => h.controllers.includes("memory"))
  if (memory === undefined) return false
  return kernel.stat(memory.version === 1 ? `${memory.top}/memory.memsw.limit_in_bytes` : "/proc/swaps") !== null
}
