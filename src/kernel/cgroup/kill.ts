import { type Kernel, KernelError } from "../kernel.ts"
import type { Tree } from "./folders.ts"
import { holdingFolder } from "./folders.ts"
import { membersOf } from "./members.ts"

const SIGKILL = 9
/** More rounds than a program that keeps forking can stay ahead of. */
const ROUNDS = 1000

/** SIGKILL to all that is in a group and below. cgroups(7), "cgroup.kill" */
export function killGroup(tree: Tree, path: string): void {
  const folder = holdingFolder(tree, path)
  if (tree.layout.holding.version === 2 && killByFile(tree.kernel, folder)) return
  killEach(tree.kernel, folder)
}

/** False where the group or the file (Linux 5.14) is not there. */
function killByFile(kernel: Kernel, folder: string): boolean {
  try {
    kernel.write(`${folder}/cgroup.kill`, "1")
    return true
  } catch (failure) {
    if (failure instanceof KernelError && (failure.errno === "ENOENT" || failure.errno === "ENODEV")) return false
    throw failure
  }
}

/** One after the other, again and again until no process shows that has not been signalled: a child may be born in between. */
function killEach(kernel: Kernel, folder: string): void {
  const done = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    const pids = membersOf(kernel, folder).map(({ pid }) => pid)
    const stats = kernel.readMany(pids.map((pid) => `/proc/${pid}/stat`))
    const fresh = pids.flatMap((pid, i) => {
      const startTime = startTimeOf(stats[i] ?? null)
      return startTime === undefined || done.has(`${pid} ${startTime}`) ? [] : [{ pid, startTime }]
    })
    if (fresh.length === 0) return
    for (const process of fresh) {
      done.add(`${process.pid} ${process.startTime}`)
      kernel.signal(process, SIGKILL)
    }
  }
}

/** Field 22 of /proc/PID/stat, counted from behind the command's last parenthesis. proc_pid_stat(5) */
function startTimeOf(stat: string | null): string | undefined {
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19]
}
