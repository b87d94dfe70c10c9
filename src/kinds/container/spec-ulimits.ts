/** A bound on a process: a number in the resource's own unit, or none. getrlimit(2) */
export type Bound = number | "unlimited"

export interface Ulimit {
  /** What holds; the process may raise it up to `hard`. */
  soft: Bound
  hard: Bound
}

export type Ulimits = { [name: string]: Ulimit }

/** Each resource at the place of its number, with the words of /proc/PID/limits. <asm-generic/resource.h>, proc_pid_limits(5) */
const RESOURCES: readonly (readonly [name: string, words: string])[] = [
  ["cpu", "Max cpu time"],
  ["fsize", "Max file size"],
  ["data", "Max data size"],
  ["stack", "Max stack size"],
  ["core", "Max core file size"],
  ["rss", "Max resident set"],
  ["nproc", "Max processes"],
  ["nofile", "Max open files"],
  ["memlock", "Max locked memory"],
  ["as", "Max address space"],
  ["locks", "Max file locks"],
  ["sigpending", "Max pending signals"],
  ["msgqueue", "Max msgqueue size"],
  ["nice", "Max nice priority"],
  ["rtprio", "Max realtime priority"],
  ["rttime", "Max realtime timeout"],
]

export const ULIMIT_NAMES: readonly string[] = RESOURCES.map(([name]) => name)

/** No core dumps: what handles them is the host's, not the container's. core(5) */
export const DEFAULT_ULIMITS: Ulimits = { core: { soft: 0, hard: 0 } }

/** RLIMIT_* */
export function ulimitNumber(name: string): number {
  return ULIMIT_NAMES.indexOf(name)
}

/** A bound as the launch record and prlimit(2) take it, in decimal: RLIM_INFINITY is `max`. */
export function boundText(bound: Bound): string {
  return bound === "unlimited" ? "max" : String(bound)
}

/** The containers of a stack are mostly alike: what a text comes to is remembered. */
const PARSED = new Map<string, Ulimits>()

/** All that /proc/PID/limits says. */
export function parseLimits(text: string): Ulimits {
  const known = PARSED.get(text)
  if (known !== undefined) return known
  const lines = text.split("\n")
  const limits = Object.fromEntries(
    RESOURCES.flatMap(([name, words]) => {
      const line = lines.find((one) => one.startsWith(`${words} `))
      const [soft, hard] = line?.slice(words.length).trim().split(/\s+/) ?? []
      return soft === undefined || hard === undefined ? [] : [[name, { soft: parseBound(soft), hard: parseBound(hard) }] as const]
    }),
  )
  PARSED.set(text, limits)
  return limits
}

function parseBound(text: string): Bound {
  return text === "unlimited" ? text : Number(text)
}
