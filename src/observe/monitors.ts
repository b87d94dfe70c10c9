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
 * stands in its /proc/PID/cmdline, and its only child is the container's first process. Which container it is tells the run
 * folder that it holds open, as that may have been renamed since (moves); what it was born as, its title.
 */
export function readMonitors(kernel: Kernel, stack: string, pids: readonly number[]): Map<string, LiveMonitor> {
  return monitorsIn(kernel, stack, pids, kernel.readMany(monitorPaths(kernel, pids)))
}

/** What `monitorsIn` goes by, of each process. */
export function monitorPaths(kernel: Kernel, pids: readonly number[]): string[] {
  return pids.flatMap((pid) => {
    const proc = `/proc/${pid}`
    const { net, uts, ipc } = kernel.heldNamespaces({ pid })
    return [
      ...[`${proc}/cmdline`, `${proc}/stat`, `${proc}/task/${pid}/children`, `@${kernel.heldRunFolder(pid)}`],
      ...[`@${net}`, `@${uts}`, `@${ipc}`],
    ]
  })
}

/** How many `monitorPaths` names of each. */
const FILES = 7

/** `readMonitors`, where the files have been read already. */
export function monitorsIn(
  kernel: Kernel,
  stack: string,
  pids: readonly number[],
  texts: readonly (string | null)[],
): Map<string, LiveMonitor> {
  const prefix = monitorTitle(stack, "")
  const found = pids.flatMap((pid, i) => {
    const [cmdline = null, stat = null, children = null, folder = null, ...links] = texts.slice(FILES * i, FILES * (i + 1))
    const title = (cmdline ?? "").replaceAll("\0", " ").trim()
    const startTime = startTimeOf(stat)
    // What a monitor has made of itself runs a check, for a moment.
    if (startTime === undefined || !title.startsWith(prefix) || hasNotExecuted(stat)) return []
    const born = title.slice(prefix.length)
    const container = containerIn(stack, folder) ?? born
    return [{ container, renamed: container !== born, pid, startTime, child: Number.parseInt(children ?? "", 10), links }]
  })
  const stats = kernel.readMany(found.map(({ child }) => (Number.isNaN(child) ? "" : `/proc/${child}/stat`)))
  return byContainer(found.map((monitor, i) => liveMonitor(monitor, kernel.heldNamespaces(monitor), stats[i] ?? null)))
}

/** A restart that was cut short leaves two of one container: the one whose command runs is its monitor, or else the one before. */
function byContainer(all: readonly LiveMonitor[]): Map<string, LiveMonitor> {
  const found = new Map<string, LiveMonitor>()
  for (const monitor of [...all].sort((a, b) => rank(a) - rank(b))) {
    const first = found.get(monitor.container)
    const { pid, startTime } = monitor
    found.set(monitor.container, first === undefined ? monitor : { ...first, beside: [...(first.beside ?? []), { pid, startTime }] })
  }
  return found
}

function rank({ init, parked }: LiveMonitor): number {
  if (init === undefined) return 1
  return parked ? 2 : 0
}

/** The container whose run folder that is; undefined for one that is not there yet, or no more (`… (deleted)`). */
function containerIn(stack: string, folder: string | null): string | undefined {
  const above = runFolderOf(stack, "")
  const name = folder?.startsWith(above) ? folder.slice(above.length) : ""
  return name === "" || /[/ ]/.test(name) ? undefined : name
}

interface Found extends Pick<LiveMonitor, "container" | "pid" | "startTime"> {
  renamed: boolean
  child: number
  /** What its links to the namespaces say. */
  links: readonly (string | null)[]
}

/** `stat`: of its child. */
function liveMonitor(
  { container, renamed, pid, startTime, child, links: [net = null, uts = null, ipc = null] }: Found,
  held: ReturnType<Kernel["heldNamespaces"]>,
  stat: string | null,
): LiveMonitor {
  const childStart = startTimeOf(stat)
  return {
    container,
    pid,
    startTime,
    ...(renamed ? { renamed } : {}),
    ...(childStart === undefined ? {} : { init: { pid: child, startTime: childStart }, parked: hasNotExecuted(stat) }),
    ...(net === null ? {} : { netns: held.net, net }),
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

/** False where a command has ended, or was started again, since it was read. */
export function stillTrue(kernel: Kernel, monitors: ReadonlyMap<string, LiveMonitor>): boolean {
  const running = [...monitors.values()].flatMap(({ init, parked }) => (init === undefined ? [] : { ...init, parked }))
  const ended = [...monitors.values()].filter(({ init }) => init === undefined)
  const paths = [...running.map(({ pid }) => `/proc/${pid}/stat`), ...ended.map(({ pid }) => `/proc/${pid}/task/${pid}/children`)]
  const texts = kernel.readMany(paths)
  const children = texts
    .slice(running.length)
    .flatMap((text) => (text ?? "").trim().split(" "))
    .filter(Boolean)
  const isAsRead = (stat: string | null, { startTime, parked }: (typeof running)[number]) =>
    startTimeOf(stat) === startTime && hasNotExecuted(stat) === parked
  const goOn = running.every((one, i) => isAsRead(texts[i] ?? null, one))
  return goOn && children.every((pid) => startTimeOf(kernel.read(`/proc/${pid}/stat`)) === undefined)
}
