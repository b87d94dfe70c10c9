import { DEFAULT_CPU_WEIGHT, formatCpuList, LEAST_CPUS, parseCpuList } from "../../base/cpu.ts"
import type { HostFacts } from "../../model/resource.ts"
import type { Limits } from "./spec.ts"
import { MOST_PIDS } from "./spec.ts"

export interface LimitProblem {
  /** `limits.memory`, as ranges are asked for. */
  path: string
  message: string
  hint?: string
  /** The controller that no hierarchy has. */
  lacks?: string
}

/** Which controller holds a limit. */
export const CONTROLLERS: { readonly [K in Exclude<keyof Limits, "unified">]-?: string } = {
  memory: "memory",
  memory_high: "memory",
  memory_low: "memory",
  memory_swap: "memory",
  cpus: "cpu",
  cpu_weight: "cpu",
  cpuset: "cpuset",
  pids: "pids",
  io: "io",
}

/** What a group is given by nobody: no hierarchy is needed to hold it. */
const NONE: Limits = { memory_low: 0, cpu_weight: DEFAULT_CPU_WEIGHT, pids: "max" }

/** cgroup v2 alone has these. */
const V2_ONLY: readonly (keyof Limits)[] = ["memory_high", "memory_low"]

type Absent = Pick<HostFacts, "absentDevices" | "absentFiles" | "processors">
const NOTHING: Absent = { absentDevices: [], absentFiles: [] }

/** What the cgroup hierarchies of this host cannot hold of the limits: told before anything is changed, never skipped in silence. */
export function limitProblems(limits: Limits, controllers: HostFacts["controllers"], absent: Absent = NOTHING): LimitProblem[] {
  const keys = (Object.keys(CONTROLLERS) as (keyof typeof CONTROLLERS)[]).filter(
    (key) => limits[key] !== undefined && limits[key] !== NONE[key],
  )
  return [
    ...keys.flatMap((key) => controllerProblem(key, controllers)),
    ...swapProblems(limits, controllers),
    ...rangeProblems(limits),
    ...processorProblems(limits, absent),
    ...deviceProblems(limits, absent),
    ...Object.keys(limits.unified ?? {}).flatMap((file) => unifiedProblem(file, controllers, absent)),
  ]
}

function deviceProblems({ io = {} }: Limits, { absentDevices }: Absent): LimitProblem[] {
  const hint = "name one that `lsblk` lists"
  const absent = Object.keys(io).filter((device) => absentDevices.includes(device))
  return absent.map((device) => ({ path: `limits.io.${device}`, message: `this host has no block device ${device}`, hint }))
}

function controllerProblem(key: keyof typeof CONTROLLERS, controllers: HostFacts["controllers"]): LimitProblem[] {
  const controller = CONTROLLERS[key]
  const version = controllers[controller]
  const path = `limits.${key}`
  if (version === undefined)
    return [
      {
        path,
        lacks: controller,
        message: `no cgroup hierarchy of this host has the ${controller} controller`,
        hint: `take ${path} out, or boot a kernel that has the controller (/proc/cgroups lists them)`,
      },
    ]
  if (version === "v1" && V2_ONLY.includes(key))
    return [{ path, message: `${path} needs the ${controller} controller on cgroup v2; here it is on v1, which has no such limit` }]
  return []
}

/** v1 limits memory and swap together: without a memory limit there is nothing to add the swap to. */
function swapProblems({ memory, memory_swap }: Limits, controllers: HostFacts["controllers"]): LimitProblem[] {
  if (memory_swap === undefined || controllers.memory === undefined) return []
  const path = "limits.memory_swap"
  if (controllers.swap === undefined)
    return [{ path, message: "this kernel does not account swap to cgroups", hint: "boot it with swapaccount=1, or take the limit out" }]
  if (controllers.memory === "v1" && memory === undefined)
    return [{ path, message: "on cgroup v1 a limit of swap needs a limit of memory", hint: "set limits.memory too" }]
  return []
}

function rangeProblems({ cpus, cpuset, pids }: Limits): LimitProblem[] {
  const problems: LimitProblem[] = []
  if (cpus !== undefined && cpus < LEAST_CPUS)
    problems.push({ path: "limits.cpus", message: `the kernel cannot hold less than ${LEAST_CPUS} of a processor` })
  if (cpuset !== undefined && parseCpuList(cpuset) === undefined)
    problems.push({ path: "limits.cpuset", message: `"${cpuset}" is no list of processors`, hint: "write it like 0-2,4" })
  if (typeof pids === "number" && pids > MOST_PIDS)
    problems.push({ path: "limits.pids", message: `the kernel has at most ${MOST_PIDS} processes` })
  return problems
}

function processorProblems({ cpuset = "" }: Limits, { processors }: Absent): LimitProblem[] {
  const there = new Set(parseCpuList(processors ?? ""))
  const absent = (parseCpuList(cpuset) ?? []).filter((cpu) => !there.has(cpu))
  if (there.size === 0 || absent.length === 0) return []
  const message = `this machine has no processor${absent.length === 1 ? "" : "s"} ${formatCpuList(absent)}`
  return [{ path: "limits.cpuset", message, hint: `it has ${processors}: write some of these` }]
}

/** A file `CONTROLLER.…` is there where that controller is on v2; `cgroup.…` and `….pressure` where v2 is mounted at all. */
function unifiedProblem(file: string, controllers: HostFacts["controllers"], { absentFiles }: Absent): LimitProblem[] {
  const path = `limits.unified.${file}`
  const controller = file.slice(0, Math.max(0, file.indexOf(".")))
  if (controller === "" || file.includes("/"))
    return [{ path, message: `"${file}" is no file of a cgroup`, hint: "write CONTROLLER.NAME, as in memory.oom.group" }]
  const needed = file.endsWith(".pressure") ? "cgroup" : controller
  if (controllers.cgroup === undefined) return [{ path, message: `${file} is a file of cgroup v2, which is not mounted here` }]
  if (controllers[needed] === "v1") return [{ path, message: `${file} is a file of cgroup v2; here the ${needed} controller is on v1` }]
  if (!Object.hasOwn(controllers, needed)) return [{ path, message: `no cgroup hierarchy of this host has the ${needed} controller` }]
  const hint = `the files of the groups in /sys/fs/cgroup show what ${controller} has`
  return absentFiles.includes(file) ? [{ path, message: `no cgroup of this host has the file ${file}`, hint }] : []
}
