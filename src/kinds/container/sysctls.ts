import { sysctlPath } from "../../base/sysctl-name.ts"
import type { Kernel } from "../../kernel/kernel.ts"
import { KernelError } from "../../kernel/kernel.ts"
import type { LiveMonitor, Scope } from "../../model/driver.ts"
import { insideId, outsideId, parseMap } from "./id-map.ts"
import { PING_SYSCTL } from "./launch.ts"
import type { ContainerRecord } from "./record.ts"
import type { ContainerAttributes, IdRange } from "./spec.ts"

/** Where a container's sysctls are: its namespaces, as its monitor holds them, and the groups that its ids are outside. */
export interface SysctlPlace extends Pick<LiveMonitor, "netns" | "ipcns"> {
  gidMap: readonly IdRange[]
}

/** The namespace files in which a sysctl means the container's: those of net.* live in the network, the rest in the ipc namespace. */
function namespacesOf(name: string, { netns, ipcns }: SysctlPlace): string[] {
  const held = name.startsWith("net.") ? netns : ipcns
  return held === undefined ? [] : [held]
}

/** The maps are read where a process has them: who shares another's user namespace has that one's. */
export function sysctlPlace(kernel: Kernel, held: Pick<LiveMonitor, "netns" | "ipcns" | "init">): SysctlPlace {
  return { ...held, gidMap: parseMap(held.init === undefined ? null : kernel.read(`/proc/${held.init.pid}/gid_map`)) }
}

/** The value as the container sees it, one blank between its words; null where there is no such sysctl. */
export function readSysctl(kernel: Kernel, name: string, place: SysctlPlace): string | null {
  const text = kernel.readIn(namespacesOf(name, place), sysctlPath(name))
  if (text === null) return null
  const value = text.trim().replace(/\s+/g, " ")
  return name === PING_SYSCTL ? groupsInside(value, place.gidMap) : value
}

/** Throws KernelError. */
export function writeSysctl(kernel: Kernel, name: string, place: SysctlPlace, value: string): void {
  kernel.writeIn(namespacesOf(name, place), sysctlPath(name), name === PING_SYSCTL ? groupsOutside(value, place.gidMap) : value)
}

/** The kernel tells the groups by the ids of whoever reads. A range that ends before it begins is no group at all, for everyone. */
function groupsInside(value: string, gidMap: readonly IdRange[]): string {
  const [low = 0, high = 0] = value.split(" ").map(Number)
  if (low > high || gidMap.length === 0) return value
  return [low, high].map((id) => insideId(gidMap, id) ?? `host:${id}`).join(" ")
}

function groupsOutside(value: string, gidMap: readonly IdRange[]): string {
  const ids = value.trim().split(/\s+/)
  if (gidMap.length === 0 || !ids.every((id) => /^\d+$/.test(id)) || Number(ids[0]) > Number(ids[1])) return value
  const mapped = ids.map((id) => outsideId(gidMap, Number(id)))
  if (mapped.includes(undefined))
    throw new KernelError(`sysctl ${PING_SYSCTL}=${value}`, "EINVAL", "the container does not have this group id")
  return mapped.join(" ")
}

/** Values of the sysctls that the file names or named; those at the value they had before the file named them are as not named. */
export function observedSysctls(
  scope: Scope,
  container: string,
  place: SysctlPlace,
  record: ContainerRecord | undefined,
): { [name: string]: string } {
  const resource = scope.resource(`container.${container}`)
  const wanted = resource === undefined ? {} : (resource.attributes as unknown as ContainerAttributes).sysctls
  const defaults = record?.sysctlDefaults ?? {}
  const names = new Set([...Object.keys(wanted), ...Object.keys(record?.attributes.sysctls ?? {}), ...Object.keys(defaults)])
  const values = [...names].sort().flatMap((name): [string, string][] => {
    const value = readSysctl(scope.kernel, name, place)
    if (value !== null && isRoundedTo(name, wanted[name] ?? "", value)) return [[name, wanted[name] as string]]
    return value !== null && (name in wanted || value !== defaults[name]) ? [[name, value]] : []
  })
  return Object.fromEntries(values)
}

/** Ticks of a second, CONFIG_HZ: which of them a kernel has it does not tell. */
const TICKS = [100, 250, 300, 1000]

/** True where a time in milliseconds reads back as the whole ticks that it takes. proc_dointvec_ms_jiffies() in kernel/sysctl.c */
function isRoundedTo(name: string, written: string, read: string): boolean {
  if (!name.endsWith("_ms") || !/^\d+$/.test(written)) return false
  return TICKS.some((ticks) => String(Math.ceil((Math.ceil((Number(written) * ticks) / 1000) * 1000) / ticks)) === read)
}
