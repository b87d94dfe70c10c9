import { cpuQuota, DEFAULT_CPU_WEIGHT, formatCpuList, parseCpuList } from "../../base/cpu.ts"
import type { HostFacts } from "../../model/resource.ts"
import type { Limits } from "./spec.ts"

/** The kernel counts memory in pages. */
const PAGE = 4096
/** From here on a memory limit is none: the kernel's own "unlimited" is a little below 2^63. */
const NO_LIMIT = 2 ** 62

/**
 * Limits as the kernel will give them back, so that what is wanted and what is observed compare equal: memory in whole
 * pages, processors by what a quota can express, lists in the kernel's spelling, and nothing that is the kernel's
 * default anyway. Rounding what is rounded changes nothing.
 */
export function roundLimits(limits: Limits, controllers: HostFacts["controllers"]): Limits {
  const { memory, memory_high, memory_low, memory_swap, cpus, cpu_weight, cpuset, pids, io, unified } = limits
  const rounded: { [K in keyof Limits]: Limits[K] | undefined } = {
    memory: pages(memory),
    memory_high: pages(memory_high),
    memory_low: pages(memory_low) || undefined,
    memory_swap: pages(memory_swap),
    cpus: cpus === undefined ? undefined : roundCpus(cpus),
    cpu_weight: cpu_weight === DEFAULT_CPU_WEIGHT ? undefined : cpu_weight,
    cpuset: roundCpuset(cpuset),
    pids: pids === "max" ? undefined : pids,
    io: io === undefined ? undefined : roundIo(io),
    unified: unified === undefined || controllers.cgroup === undefined ? unified : roundUnified(unified),
  }
  return Object.fromEntries(Object.entries(rounded).filter(([, value]) => value !== undefined)) as Limits
}

function pages(bytes: number | undefined): number | undefined {
  return bytes === undefined || bytes >= NO_LIMIT ? undefined : Math.floor(bytes / PAGE) * PAGE
}

function roundCpus(cpus: number): number {
  const { quota, period } = cpuQuota(cpus)
  return quota / period
}

function roundCpuset(cpuset: string | undefined): string | undefined {
  const list = cpuset === undefined ? undefined : parseCpuList(cpuset)
  return list === undefined || list.length === 0 ? undefined : formatCpuList(list)
}

function roundIo(io: NonNullable<Limits["io"]>): Limits["io"] {
  const devices = Object.entries(io).flatMap(([device, { rbps, wbps, riops, wiops }]) => {
    const rates = Object.entries({ rbps, wbps, riops, wiops }).filter(([, rate]) => rate !== undefined)
    return rates.length === 0 ? [] : [[device, Object.fromEntries(rates)] as const]
  })
  return devices.length === 0 ? undefined : Object.fromEntries(devices.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Blanks and line ends around a value say nothing, and memory counts in pages. */
function roundUnified(unified: NonNullable<Limits["unified"]>): Limits["unified"] {
  const files = Object.entries(unified).map(([file, text]) => [file, roundFile(file, text.trim())] as const)
  return files.length === 0 ? undefined : Object.fromEntries(files.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Files of the memory controller that hold a size; the kernel takes one with a unit (memparse() in lib/cmdline.c) and gives back bytes. */
const SIZE_FILE = /^memory\.([a-z]+\.)?(min|low|high|max)$/

function roundFile(file: string, text: string): string {
  const [, digits, unit = ""] = (SIZE_FILE.test(file) && /^(\d+)([kmgtp]?)$/i.exec(text)) || []
  if (digits === undefined) return text
  const count = (BigInt(digits) << BigInt(10 * (1 + UNITS.indexOf(unit.toLowerCase())))) / BigInt(PAGE)
  return count >= ALL_PAGES ? "max" : `${count * BigInt(PAGE)}`
}

const UNITS = ["k", "m", "g", "t", "p"]
/** The kernel's counter of pages ends here, which it calls `max`. PAGE_COUNTER_MAX in linux/page_counter.h */
const ALL_PAGES = (2n ** 63n - 1n) / BigInt(PAGE)
