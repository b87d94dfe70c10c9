import { parseSize } from "../../base/size.ts"
import type { Entry, Expanded, Path } from "../../model/entry.ts"
import type { CgroupAttributes, Limits } from "./spec.ts"
import { LEAST_CPUS, MOST_CPUS, MOST_PIDS } from "./spec.ts"

type SizeText = string | number
type IoEntry = { device?: string; rbps?: SizeText; wbps?: SizeText; riops?: number; wiops?: number }

/** `limits:` as the file writes it. */
export interface LimitsEntry {
  memory?: SizeText
  memory_high?: SizeText
  memory_low?: SizeText
  memory_swap?: SizeText
  cpus?: number | string
  cpu_weight?: number
  cpuset?: string | number
  pids?: number | string
  io?: IoEntry[]
  unified?: { [file: string]: string | number }
}

/** A cgroup as the file writes it. */
export interface CgroupEntry {
  limits?: LimitsEntry
}

export function expandCgroup(value: CgroupEntry, entry: Entry): Expanded<CgroupAttributes> {
  const { pids, ...limits } = expandLimits(entry, value.limits ?? {})
  // A group of which nothing is said has no limit.
  return { attributes: { limits: pids === undefined || pids === "max" ? limits : { ...limits, pids } }, references: [] }
}

/** What the kernel reads back for nothing less: a page. */
const PAGE = 4096

/** Limits in canonical form; keys in the order of the specification. */
export function expandLimits(entry: Entry, value: LimitsEntry): Limits {
  const limits: Limits = {}
  for (const key of ["memory", "memory_high", "memory_low", "memory_swap"] as const) {
    const least = key === "memory" || key === "memory_high" ? PAGE : 0
    const bytes = value[key] === undefined ? undefined : byteCount(entry, ["limits", key], value[key], least)
    if (bytes !== undefined) limits[key] = bytes
  }
  const cpus = cpuCount(entry, value.cpus)
  if (cpus !== undefined) limits.cpus = cpus
  if (value.cpu_weight !== undefined) limits.cpu_weight = value.cpu_weight
  const cpuset = value.cpuset === undefined ? undefined : cpuList(entry, String(value.cpuset))
  if (cpuset !== undefined) limits.cpuset = cpuset
  const pids = pidsLimit(entry, value.pids)
  if (pids !== undefined) limits.pids = pids
  if (value.io !== undefined && value.io.length > 0) limits.io = deviceLimits(entry, value.io)
  if (value.unified !== undefined && Object.keys(value.unified).length > 0) limits.unified = otherFiles(entry, value.unified)
  return limits
}

function byteCount(entry: Entry, path: Path, size: SizeText, least: number): number | undefined {
  const bytes = parseSize(size)
  if (bytes !== undefined && bytes >= least) return bytes
  const words = bytes === undefined ? `is more than ${Number.MAX_SAFE_INTEGER} bytes` : `is less than ${least} bytes`
  const hint = bytes === undefined ? "leave it out where there is to be none: no machine has so much" : "write a size such as 64M"
  entry.report(path, "bad-limit", `${path.at(-1)}: ${size} ${words}`, { hint })
  return undefined
}

function pidsLimit(entry: Entry, written: LimitsEntry["pids"]): Limits["pids"] {
  if (written === undefined) return undefined
  if (written === "max" || Number(written) === -1) return "max"
  const count = Number(written)
  if (count >= 1 && count <= MOST_PIDS) return count
  entry.report(["limits", "pids"], "bad-limit", `pids: ${written} is out of range`, {
    hint: `write a number from 1 to ${MOST_PIDS}, or max`,
  })
  return undefined
}

function cpuCount(entry: Entry, cpus: number | string | undefined): number | undefined {
  if (cpus === undefined) return undefined
  const count = Number(cpus)
  if (count >= LEAST_CPUS && count <= MOST_CPUS) return count
  entry.report(["limits", "cpus"], "bad-limit", `cpus: ${cpus} is out of range`, {
    hint: `write a number from ${LEAST_CPUS} to ${MOST_CPUS}`,
  })
  return undefined
}

/** The largest number of processors a kernel can be built for. CONFIG_NR_CPUS */
const CPU_NUMBERS = 8192

/** `3,0-1,1` as `0-1,3`: what cpuset.cpus reads back. */
function cpuList(entry: Entry, text: string): string | undefined {
  const ranges = text.split(",").map((part) => {
    const [first = 0, last = first] = part.split("-").map(Number)
    return { part, first, last }
  })
  const wrong = ranges.find(({ first, last }) => first > last || last >= CPU_NUMBERS)
  if (wrong === undefined) return joined(ranges)
  const hint = `the lower number first, all below ${CPU_NUMBERS}: 0-1,3`
  entry.report(["limits", "cpuset"], "bad-limit", `cpuset: \`${wrong.part}\` is no range of processors`, { hint })
  return undefined
}

/** Sorted, with what touches or overlaps as one range. */
function joined(ranges: readonly { first: number; last: number }[]): string {
  const parts: { first: number; last: number }[] = []
  for (const { first, last } of [...ranges].sort((a, b) => a.first - b.first)) {
    const before = parts.at(-1)
    if (before !== undefined && first <= before.last + 1) before.last = Math.max(before.last, last)
    else parts.push({ first, last })
  }
  return parts.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(",")
}

function deviceLimits(entry: Entry, list: readonly IoEntry[]): NonNullable<Limits["io"]> {
  const found = new Map<string, NonNullable<Limits["io"]>[string]>()
  for (const [i, io] of list.entries()) {
    const { device } = io
    if (device === undefined) continue
    const path = ["limits", "io", i]
    const rates: NonNullable<Limits["io"]>[string] = {}
    for (const key of ["rbps", "wbps"] as const) {
      const bytes = io[key] === undefined ? undefined : byteCount(entry, [...path, key], io[key], 1)
      if (bytes !== undefined) rates[key] = bytes
    }
    for (const key of ["riops", "wiops"] as const) if (io[key] !== undefined) rates[key] = io[key]
    if (!["rbps", "wbps", "riops", "wiops"].some((key) => entry.has([...path, key]))) {
      entry.report(path, "bad-limit", `device ${device} has no limit`, { hint: "add rbps, wbps, riops or wiops" })
    }
    if (found.has(device))
      entry.report([...path, "device"], "bad-limit", `device ${device} stands twice`, { hint: "put its limits into one item" })
    found.set(device, rates)
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Files that have a key of their own. */
const OWN_KEYS: { readonly [file: string]: string } = {
  "memory.max": "memory",
  "memory.high": "memory_high",
  "memory.low": "memory_low",
  "memory.swap.max": "memory_swap",
  "cpu.max": "cpus",
  "cpu.weight": "cpu_weight",
  "cpuset.cpus": "cpuset",
  "pids.max": "pids",
  "io.max": "io",
}

/** Of cgroup's own files, those that are limits; the others move processes or change how the group works. */
const CORE_LIMITS = new Set(["cgroup.max.depth", "cgroup.max.descendants"])

/** A file that holds a limit for which there is no key. Each letter is looked at, as it becomes a part of a path. */
export function isOtherLimit(file: string): boolean {
  const isFile = /^[a-z][a-z0-9_]*(\.[a-zA-Z0-9_]+)+$/.test(file)
  return isFile && !Object.hasOwn(OWN_KEYS, file) && (!file.startsWith("cgroup.") || CORE_LIMITS.has(file))
}

function otherFiles(entry: Entry, files: { [file: string]: string | number }): { [file: string]: string } {
  const names = Object.keys(files).sort()
  const found = names.flatMap((file): [string, string][] => {
    const path = ["limits", "unified", file]
    const own = OWN_KEYS[file]
    if (own !== undefined) entry.reportKey(path, "bad-limit", `${file} has a key of its own`, { hint: `write it as limits.${own}` })
    else if (file.startsWith("cgroup.") && !CORE_LIMITS.has(file)) {
      entry.reportKey(path, "bad-limit", `${file} is no limit`, {
        hint: "only cgroup.max.depth and cgroup.max.descendants are, of cgroup's own files",
      })
    } else {
      const text = entry.written(path) ?? String(files[file])
      if (!/[\n\r]/.test(text)) return [[file, text]]
      entry.report(path, "bad-limit", `the value of ${file} has more than one line`, { hint: "write one line" })
    }
    return []
  })
  return Object.fromEntries(found)
}
