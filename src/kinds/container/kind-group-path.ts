import type { StackGroups } from "../../model/driver.ts"
import type { ContainerAttributes } from "./spec.ts"

/** Path of a container's group below `…/stack/STACK`. */
export function groupPath(name: string, { cgroup }: Pick<ContainerAttributes, "cgroup">): string {
  return cgroup === "" ? name : `${cgroup}/${name}`
}

/** The path of the holding hierarchy in /proc/PID/cgroup; "" where there is no process. cgroups(7) */
export function holdingPathIn(cgroups: Pick<StackGroups, "holdingPath">, text: string | null): string {
  // The line of cgroup2, which holds wherever it is mounted, is the last.
  const lines = (text ?? "").split("\n")
  for (let i = lines.length - 1; i >= 0; i--) {
    const path = cgroups.holdingPath(lines[i] as string)
    if (path !== undefined) return path
  }
  return ""
}

/** That path below the stack's own folder; "" where it is not below it. */
export function groupIn(stack: string, path: string): string {
  const mark = `/stack/${stack}/`
  const at = path.indexOf(mark)
  return at < 0 ? "" : path.slice(at + mark.length)
}
