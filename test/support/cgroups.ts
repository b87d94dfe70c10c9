import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs"

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

/** A group of the sandbox's own in every hierarchy, below the one this process is in. cgroups(7) */
export function makeGroups(name: string): SandboxGroup[] {
  const own = new Map(
    lines("/proc/self/cgroup")
      .map((line) => line.split(":") as [string, string, string])
      .map(([, c, path]) => [c, path]),
  )
  return hierarchies().map(({ mount, version, key }) => {
    const path = (own.get(key) ?? "/").replace(/\/$/, "")
    const folder = `${mount}${path}/${name}`
    mkdirSync(folder)
    if (version === 1) prepareV1(`${mount}${path}`, folder)
    else mkdirSync(`${folder}/init`)
    const [top, entry] = version === 1 ? [`${folder}/tasks`, `${folder}/tasks`] : [`${folder}/cgroup.procs`, `${folder}/init/cgroup.procs`]
    return { controllers: key.split(",").filter(Boolean), version, folder, entry, top }
  })
}

/** Brings the processes that opened the sandbox to the leaf, and lends on what the parent lends. cgroup-v2, "no internal processes" */
export function lendControllers(groups: readonly SandboxGroup[], pids: readonly number[]): void {
  for (const { folder, entry } of groups.filter((group) => group.version === 2)) {
    for (const pid of pids) writeFileSync(entry, String(pid))
    const controllers = readFileSync(`${folder}/cgroup.controllers`, "utf8").trim().split(" ").filter(Boolean)
    for (const controller of controllers) writeFileSync(`${folder}/cgroup.subtree_control`, `+${controller}`)
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
}

/** Mounted hierarchies. proc_pid_mountinfo(5) */
function hierarchies(): Hierarchy[] {
  const keys = lines("/proc/self/cgroup").map((line) => line.split(":")[1] ?? "")
  return lines("/proc/self/mountinfo").flatMap((line): Hierarchy[] => {
    const [left = "", right = ""] = line.split(" - ")
    const mount = left.split(" ")[4] ?? ""
    const [type, , options = ""] = right.split(" ")
    if (type === "cgroup2") return [{ mount, version: 2, key: "" }]
    if (type !== "cgroup") return []
    const key = keys.find((k) => k !== "" && k.split(",").every((word) => options.split(",").includes(word)))
    return key === undefined ? [] : [{ mount, version: 1, key }]
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

/** Processes in the group and all below it. */
export function membersOf(folder: string): number[] {
  return foldersBelow(folder).flatMap((path) => lines(`${path}/cgroup.procs`).map(Number))
}

/** Removes the group when its last task is gone, which the kernel notices a moment after it. */
export async function removeGroup(folder: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      for (const path of foldersBelow(folder)) rmdirSync(path)
      return
    } catch (failure) {
      if (attempt > 50) throw failure
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
