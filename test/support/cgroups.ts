import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs"

/** One cgroup hierarchy of this machine, and the sandbox's group in it. */
export interface SandboxGroup {
  /** Its controllers; empty for cgroup2. */
  controllers: string[]
  version: 1 | 2
  folder: string
  /** A process enters by writing `0` here: on cgroup2 a leaf, so that the group itself can lend its controllers on. */
  entry: string
  /** The same for the process that makes the cgroup namespace: its group becomes the root of it. */
  top: string
}

/** A group of the sandbox's own in every hierarchy, below the one this process is in; of a cgroup2 that has all controllers, at the top. cgroups(7) */
export function makeGroups(name: string): SandboxGroup[] {
  return hierarchies().map((hierarchy) => {
    const { mount, version, key } = hierarchy
    const parent = parentIn(hierarchy)
    const folder = `${parent}/${name}`
    if (parent === mount && version === 2) giveOn(mount)
    mkdirSync(folder)
    if (version === 1) prepareV1(parent, folder)
    else mkdirSync(`${folder}/init`)
    const [top, entry] = version === 1 ? [`${folder}/tasks`, `${folder}/tasks`] : [`${folder}/cgroup.procs`, `${folder}/init/cgroup.procs`]
    return { controllers: key.split(",").filter(Boolean), version, folder, entry, top }
  })
}

/** The folder in each hierarchy in which the groups of sandboxes are. */
export function parentsOfGroups(): string[] {
  return hierarchies().map(parentIn)
}

function parentIn({ mount, version, own }: Hierarchy): string {
  return version === 1 || !isWhole(mount) ? `${mount}${own.replace(/\/$/, "")}` : mount
}

/** Why a sandbox would be without controllers; undefined where it has them. */
export function controllersMissing(): string | undefined {
  const whole = hierarchies().find(({ mount, version }) => version === 2 && isWhole(mount))
  if (whole === undefined) return undefined
  giveOn(whole.mount)
  return words(`${whole.mount}/cgroup.subtree_control`).includes("memory")
    ? undefined
    : `${whole.mount} has processes, as in a container, so that no group in it gets controllers`
}

function isWhole(mount: string): boolean {
  return existsSync(`${mount}/cgroup.controllers`) && words(`${mount}/cgroup.controllers`).includes("memory")
}

/**
 * A group with members, as a service's or a session's is, gives no controllers to those in it. The top of the machine does, and it is where
 * the product's groups are. cgroup-v2, "no internal processes"
 */
function giveOn(folder: string): void {
  const given = words(`${folder}/cgroup.subtree_control`)
  const ungiven = words(`${folder}/cgroup.controllers`).filter((one) => !given.includes(one))
  // Memory first: where a group has members, it is refused, but cpu and pids would make a threaded one of it.
  for (const controller of ungiven.sort((a, b) => Number(b === "memory") - Number(a === "memory"))) {
    try {
      writeFileSync(`${folder}/cgroup.subtree_control`, `+${controller}`)
    } catch {
      // Real-time processes keep that of the processors from being given on.
      if (controller === "memory") return
    }
  }
}

function words(path: string): string[] {
  return readFileSync(path, "utf8").trim().split(" ").filter(Boolean)
}

/** Brings the processes that opened the sandbox to the leaf, and lends on what the parent lends. cgroup-v2, "no internal processes" */
export function lendControllers(groups: readonly SandboxGroup[], pids: readonly number[]): void {
  for (const { folder, entry } of groups.filter((group) => group.version === 2)) {
    for (const pid of pids) writeFileSync(entry, String(pid))
    for (const controller of words(`${folder}/cgroup.controllers`)) writeFileSync(`${folder}/cgroup.subtree_control`, `+${controller}`)
  }
}

/** A fresh cpuset group admits nobody until it has processors and memory nodes. cpuset(7) */
function prepareV1(parent: string, folder: string): void {
  if (!readdirSync(folder).includes("cpuset.cpus")) return
  for (const file of ["cpuset.cpus", "cpuset.mems"]) writeFileSync(`${folder}/${file}`, readFileSync(`${parent}/${file}`))
  writeFileSync(`${folder}/cgroup.clone_children`, "1")
}

interface Hierarchy {
  mount: string
  version: 1 | 2
  /** What /proc/PID/cgroup calls it: its controllers, or "" for cgroup2. */
  key: string
  /** The group this process is in. */
  own: string
}

/** Mounted hierarchies. proc_pid_mountinfo(5) */
function hierarchies(): Hierarchy[] {
  const own = new Map(
    lines("/proc/self/cgroup")
      .map((line) => line.split(":"))
      .map(([, key = "", path = "/"]) => [key, path]),
  )
  return lines("/proc/self/mountinfo").flatMap((line): Hierarchy[] => {
    const [left = "", right = ""] = line.split(" - ")
    const mount = left.split(" ")[4] ?? ""
    const [type, , options = ""] = right.split(" ")
    if (type !== "cgroup" && type !== "cgroup2") return []
    const held = (key: string) => key !== "" && key.split(",").every((word) => options.split(",").includes(word))
    const key = type === "cgroup2" ? "" : [...own.keys()].find(held)
    return key === undefined ? [] : [{ mount, version: type === "cgroup2" ? 2 : 1, key, own: own.get(key) ?? "/" }]
  })
}

function lines(path: string): string[] {
  return readFileSync(path, "utf8").split("\n").filter(Boolean)
}

/** All folders of a group, itself last. */
export function foldersBelow(folder: string): string[] {
  const children = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return [...children.flatMap((entry) => foldersBelow(`${folder}/${entry.name}`)), folder]
}

/** Processes in the group and all below it; a group that goes while it is looked at is looked at once more. */
export function membersOf(folder: string): number[] {
  for (let tries = 0; ; tries++) {
    try {
      return foldersBelow(folder).flatMap((path) => lines(`${path}/cgroup.procs`).map(Number))
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code !== "ENOENT" || tries === 20) throw failure
    }
  }
}

/** What is killed while others have the processors is gone late. */
const GONE_MS = 30_000

/** Removes the group when its last task is gone, which the kernel notices a moment after it. */
export async function removeGroup(folder: string): Promise<void> {
  const end = performance.now() + GONE_MS
  for (;;) {
    try {
      for (const path of foldersBelow(folder)) rmdirSync(path)
      return
    } catch (failure) {
      if (performance.now() > end) throw failure
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
