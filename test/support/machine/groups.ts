import { readdirSync } from "node:fs"
import { ifThere, linesOf, textOf } from "./tools.ts"

/** Files that are set, by hand or by a stack; what else stands in a group only counts. */
const SET =
  /^(memory\.(max|high|low|min|swap\.max|limit_in_bytes|soft_limit_in_bytes|memsw\.limit_in_bytes)|pids\.max|cpu\.(max|weight|shares|cfs_quota_us|cfs_period_us)|cpuset\.(cpus|mems)|io\.max|blkio\.throttle\..*_device)$/

/** Every folder of every hierarchy, with what is set in it. */
export function groups(): string[] {
  return hierarchies().flatMap((top) => below(top, ""))
}

/** proc_pid_mountinfo(5) */
export function hierarchies(): string[] {
  return linesOf("/proc/self/mountinfo").flatMap((line) => (/ - cgroup2? /.test(line) ? (line.split(" ")[4] ?? []) : []))
}

function below(top: string, path: string): string[] {
  const entries = ifThere(() => readdirSync(`${top}${path}`, { withFileTypes: true }), [])
  // What is set at the top is the sandbox's, and on a host without limits nothing.
  const set = path === "" ? [] : entries.filter((entry) => SET.test(entry.name)).map((entry) => value(`${top}${path}`, entry.name))
  const folders = entries.filter((entry) => entry.isDirectory())
  return [`${top}${path} ${set.join(" ")}`, ...folders.flatMap((entry) => below(top, `${path}/${entry.name}`))]
}

function value(folder: string, name: string): string {
  return `${name}=${textOf(`${folder}/${name}`).trim().replaceAll("\n", ";")}`
}
