/** System calls of one stretch: how many the command made itself, how many its monitors and containers, and the time the kernel took for all. */
export interface Calls {
  own: number
  others: number
  kernelMs: number
}

export interface TracedCall {
  at: number
  pid: number
  name: string
  seconds: number
  /** The rest of the line, with the arguments. */
  text: string
}

const CALL = /^(\d+) +(\d+\.\d+) (<\.\.\. )?(\w+)(.*) (?:<(\d+\.\d+)>|<unfinished \.\.\.>)$/

/**
 * The completed calls of an `strace -f -ttt -T` log, in order of their end. A call that was interrupted in the log by another
 * process's counts once, where it resumed, with the text of both parts. strace(1)
 */
export function parseTrace(log: string): TracedCall[] {
  const begun = new Map<string, string>()
  return log.split("\n").flatMap((line): TracedCall[] => {
    const [, pid = "", at, resumed, name = "", text = "", seconds] = CALL.exec(line) ?? []
    if (at === undefined) return []
    if (seconds === undefined) {
      begun.set(pid, text)
      return []
    }
    const before = resumed === undefined ? "" : (begun.get(pid) ?? "")
    return [{ pid: Number(pid), at: Number(at), name, text: before + text, seconds: Number(seconds) }]
  })
}

/** The command's own process and threads: those that began as a thread of one of them. clone(2) */
export function ownTasks(calls: readonly TracedCall[]): Set<number> {
  const own = new Set([calls[0]?.pid ?? 0])
  for (const { pid, name, text } of calls) {
    const child = /= (\d+)$/.exec(text)?.[1]
    if (name.startsWith("clone") && own.has(pid) && text.includes("CLONE_THREAD") && child !== undefined) own.add(Number(child))
  }
  return own
}

/** Waiting is no work of the kernel's. */
const WAITS = new Set([
  "epoll_wait",
  "epoll_pwait",
  "futex",
  "poll",
  "ppoll",
  "pselect6",
  "read",
  "wait4",
  "waitid",
  "clock_nanosleep",
  "nanosleep",
  "restart_syscall",
  "select",
])

/** What tracing itself adds to each call: the typical time of calls that do next to nothing. */
export function tracingCost(calls: readonly TracedCall[]): number {
  const trivial = calls.filter(({ name }) => name === "close" || name === "fcntl" || name === "lseek").map(({ seconds }) => seconds)
  return trivial.sort((a, b) => a - b)[Math.floor(trivial.length / 2)] ?? 0
}

export function countCalls(calls: readonly TracedCall[], own: ReadonlySet<number>, cost: number): Calls {
  const working = calls.filter(({ name }) => !WAITS.has(name))
  const mine = calls.filter(({ pid }) => own.has(pid)).length
  const seconds = working.reduce((sum, call) => sum + Math.max(0, call.seconds - cost), 0)
  return { own: mine, others: calls.length - mine, kernelMs: seconds * 1000 }
}
