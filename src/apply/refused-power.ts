import type { KernelError } from "../kernel/kernel.ts"
import type { ContainerAttributes } from "../kinds/container/spec.ts"
import type { Step } from "../model/step.ts"
import type { Refused } from "./refused-field.ts"

const HARD = "to raise a hard limit, or one on open files above fs.nr_open, takes CAP_SYS_RESOURCE, which root in a container does not have"
const MADE_ANEW = "a container that is made anew (--replace) gets at most the limits of who applies"
const OOM = "less than it was only a holder of CAP_SYS_RESOURCE on the host may make it"
const FILTER = "this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER), or a filter that stack itself runs under forbids it"

const PROFILE =
  "the seccomp profile that it is given may refuse execve, or what a program begins with: compare it with docker's, or write seccomp=default"

/** What bounds a process: its limits, its score, its filter. */
export function powerOf({ change }: Step, { op, errno, text }: KernelError): Refused | undefined {
  const limit = /^prlimit --pid \d+ --(\w+)=/.exec(op)?.[1]
  const isDenied = errno === "EPERM" || errno === "EACCES"
  if (limit !== undefined || op === "setrlimit") {
    return { field: limit === undefined ? "ulimits" : `ulimits.${limit}`, ...(isDenied ? { hint: `${HARD}; ${MADE_ANEW}` } : {}) }
  }
  if (/^write (\/proc\/\d+\/)?oom_score_adj/.test(op)) return { field: "oom_score_adj", ...(isDenied ? { hint: OOM } : {}) }
  if (/^run /.test(op) && errno === "EAGAIN") return processesOf(change)
  const short = tooShort(change, op, errno)
  if (short !== undefined) return short
  const mayBeFilter = ["EPERM", "ENOSYS"].includes(errno) || text.includes("its seccomp profile")
  if (/^run /.test(op) && mayBeFilter && /^file:/.test(String(change.after?.seccomp))) return { field: "seccomp", hint: PROFILE }
  return op === "install the seccomp filter" ? { field: "seccomp", hint: FILTER } : undefined
}

/** Fewer files than any program begins with: its input, its output, a library, and some that its monitor has open. */
const FEW_FILES = 16

/** Even to begin takes some memory and some files: what a process may have of them can be too little. getrlimit(2) */
function tooShort({ after }: Step["change"], op: string, errno: string): Refused | undefined {
  const { ulimits = {} } = (after ?? {}) as Partial<ContainerAttributes>
  const bounded = (name: string, most: number) => Number(ulimits[name]?.soft) <= most
  const wantsMemory = errno === "ENOMEM" && op.startsWith("run ")
  const wantsFiles = ["EMFILE", "EBADF"].includes(errno) || (errno === "ESRCH" && op === "start the monitor")
  const name = wantsMemory ? ["as", "data"].find((one) => bounded(one, Infinity)) : undefined
  const short = name ?? (wantsFiles && bounded("nofile", FEW_FILES) ? "nofile" : undefined)
  return short === undefined
    ? undefined
    : { field: `ulimits.${short}`, hint: `even to begin, a command takes more than ulimits.${short} allows: raise it` }
}

/** fork(2) says EAGAIN where a bound on processes is met: the small init of `init: true` is one itself. */
function processesOf({ after }: Step["change"]): Refused {
  const { limits, ulimits, init } = (after ?? {}) as Partial<ContainerAttributes>
  const field =
    typeof limits?.pids === "number" && limits.pids < 2 ? "limits.pids" : ulimits?.nproc === undefined ? "limits.pids" : "ulimits.nproc"
  const why = init === "reaper" ? ": its init is one, its command another" : ""
  return { field, hint: `it may have no more processes${why}; raise ${field}` }
}
