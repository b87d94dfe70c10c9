import type { Kernel } from "../kernel.ts"

/** Files of a cgroup folder begin with their controller's name; these are v1's that do not. */
const CONTROL_FILES =
  /^(cgroup|memory|cpu|cpuacct|cpuset|pids|io|blkio|hugetlb|rdma|misc|dmem|irq|freezer|devices|net_cls|net_prio|perf_event|debug)\./
const V1_FILES = new Set(["tasks", "notify_on_release", "release_agent"])

/** Groups directly below a folder. */
export function groupsIn(kernel: Kernel, folder: string): string[] {
  return kernel.list(folder).filter((name) => !V1_FILES.has(name) && !CONTROL_FILES.test(name))
}

/** Process ids of one group. */
export function pidsIn(kernel: Kernel, folder: string): number[] {
  return pidsOf(kernel.read(`${folder}/cgroup.procs`))
}

/** Process ids of the text of cgroup.procs. A process outside our pid namespace shows as 0: it cannot be named. */
export function pidsOf(text: string | null): number[] {
  return [...new Set((text ?? "").split("\n").map(Number))].filter((pid) => pid > 0)
}

/** All processes of a group and of those below it; `below` is "" or `/NAME…`. */
export function membersOf(kernel: Kernel, folder: string, below = ""): { pid: number; below: string }[] {
  const here = pidsIn(kernel, folder).map((pid) => ({ pid, below }))
  return [...here, ...groupsIn(kernel, folder).flatMap((name) => membersOf(kernel, `${folder}/${name}`, `${below}/${name}`))]
}
