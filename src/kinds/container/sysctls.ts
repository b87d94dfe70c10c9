import type { LiveMonitor, Scope } from "../../model/driver.ts"
import type { ContainerRecord } from "./record.ts"
import type { ContainerAttributes } from "./spec.ts"

/** `net.ipv4.ip_forward` is /proc/sys/net/ipv4/ip_forward. */
export function sysctlPath(name: string): string {
  return `/proc/sys/${name.replaceAll(".", "/")}`
}

/** The namespace files in which a sysctl means the container's: those of net.* live in the network, the rest in the ipc namespace. */
export function sysctlNamespaces(name: string, monitor: Pick<LiveMonitor, "netns" | "ipcns">): string[] {
  const held = name.startsWith("net.") ? monitor.netns : monitor.ipcns
  return held === undefined ? [] : [held]
}

/** Values of the sysctls that the file names or named; those at the value they had before the file named them are as not named. */
export function observedSysctls(
  scope: Scope,
  container: string,
  monitor: LiveMonitor,
  record: ContainerRecord | undefined,
): { [name: string]: string } {
  const resource = scope.desired.resources.find((r) => r.address === `container.${container}`)
  const wanted = resource === undefined ? {} : (resource.attributes as unknown as ContainerAttributes).sysctls
  const defaults = record?.sysctlDefaults ?? {}
  const names = new Set([...Object.keys(wanted), ...Object.keys(record?.attributes.sysctls ?? {})])
  const values = [...names].sort().flatMap((name): [string, string][] => {
    const text = scope.kernel.readIn(sysctlNamespaces(name, monitor), sysctlPath(name))
    if (text === null) return []
    const value = text.trim().replace(/\s+/g, " ")
    return name in wanted || value !== defaults[name] ? [[name, value]] : []
  })
  return Object.fromEntries(values)
}
