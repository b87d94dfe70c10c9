import type { Kernel } from "../kernel/kernel.ts"
import type { LiveMonitor } from "../model/driver.ts"
import { monitorTitle, runFolderOf } from "../model/ownership.ts"

/** PF_EXITING of field 9, <linux/sched.h>: its namespaces and files are given back before it is a zombie. */
const EXITING = 0x4

/** Field 22 of /proc/PID/stat, clock ticks since boot; undefined for one that is dead, or dies: nothing true can be read of it. proc_pid_stat(5) */
export function startTimeOf(stat: string | null): string | undefined {
  if (stat === null) return undefined
  // The command may itself hold blanks and parentheses: the fields are counted from behind the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  const isDead = fields[0] === "Z" || fields[0] === "X" || (Number(fields[6]) & EXITING) !== 0
  return isDead ? undefined : fields[19]
}

/** PF_FORKNOEXEC of field 9, <linux/sched.h>: the kernel clears it at exec, and no process can set it of itself. */
const FORKED_BUT_NO_EXEC = 0x40

function hasNotExecuted(stat: string | null): boolean {
  const flags = Number(stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[6])
  return (flags & FORKED_BUT_NO_EXEC) !== 0
}

/**
 * The monitors of a stack by container name. `pids` are the members of the stack's group of monitors; what each one is
 * stands in its /proc/PID/cmdline, and its only child is the container's first process.
 */
export function readMonitors(kernel: Kernel, stack: string, pids: readonly number[]): Map<string, LiveMonitor> {
  const texts = kernel.readMany(pids.flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/stat`, `/proc/${pid}/task/${pid}/children`]))
  const prefix = monitorTitle(stack, "")
  const found = pids.flatMap((pid, i) => {
    const title = (texts[3 * i] ?? "").replaceAll("\0", " ").trim()
    const startTime = startTimeOf(texts[3 * i + 1] ?? null)
    if (startTime === undefined || !title.startsWith(prefix)) return []
    return [{ container: title.slice(prefix.length), pid, startTime, child: Number.parseInt(texts[3 * i + 2] ?? "", 10) }]
  })
  const held = found.map((monitor) => kernel.heldNamespaces(monitor))
  const more = kernel.readMany(
    found.flatMap(({ child }, i) => {
      const { net, uts, ipc } = held[i] as Held
      return [Number.isNaN(child) ? "" : `/proc/${child}/stat`, `@${net}`, `@${uts}`, `@${ipc}`]
    }),
  )
  return new Map(found.map((m, i) => [m.container, liveMonitor(m, held[i] as Held, more.slice(4 * i, 4 * i + 4))]))
}

type Held = ReturnType<Kernel["heldNamespaces"]>

/** `texts`: the stat file of its child, and what its links to the namespaces say. */
function liveMonitor(
  { container, pid, startTime, child }: { container: string; pid: number; startTime: string; child: number },
  held: Held,
  [stat = null, net = null, uts = null, ipc = null]: readonly (string | null)[],
): LiveMonitor {
  const childStart = startTimeOf(stat)
  return {
    container,
    pid,
    startTime,
    ...(childStart === undefined ? {} : { init: { pid: child, startTime: childStart }, parked: hasNotExecuted(stat) }),
    ...(net === null ? {} : { netns: held.net }),
    ...(uts === null ? {} : { utsns: held.uts }),
    ...(ipc === null ? {} : { ipcns: held.ipc }),
  }
}

/** False where a command has ended and its monitor has not yet written how: to be asked before that is read. */
export function allTold(kernel: Kernel, stack: string, monitors: ReadonlyMap<string, LiveMonitor>): boolean {
  const ended = [...monitors.values()].filter(({ init }) => init === undefined)
  const states = kernel.readMany(ended.map(({ container }) => `${runFolderOf(stack, container)}/state`))
  return ended.every(({ pid }, i) => states[i] !== null || kernel.read(`/proc/${pid}/stat`) === null)
}

/** False where a command has ended since it was read. */
export function stillTrue(kernel: Kernel, monitors: ReadonlyMap<string, LiveMonitor>): boolean {
  const running = [...monitors.values()].flatMap(({ init }) => init ?? [])
  const stats = kernel.readMany(running.map(({ pid }) => `/proc/${pid}/stat`))
  return running.every(({ startTime }, i) => startTimeOf(stats[i] ?? null) === startTime)
}
