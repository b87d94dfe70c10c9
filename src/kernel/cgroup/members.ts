import type { Kernel } from "../kernel.ts"
import { foldersIn } from "../listing.ts"

/** Groups directly below a folder, in the order of their names. */
export function groupsIn(kernel: Kernel, folder: string): string[] {
  return foldersIn(kernel.readMany([groupsAsked(folder)])[0]).sort()
}

/** What `readMany` is asked for the groups below a folder; `foldersIn` reads that. */
export function groupsAsked(folder: string): string {
  return `+${folder}`
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
