import { nearest } from "../base/nearest.ts"
import { sysctlName, sysctlPath } from "../base/sysctl-name.ts"
import type { Kernel } from "../kernel/kernel.ts"
import type { ContainerAttributes } from "../kinds/container/spec.ts"
import type { Desired, HostFacts } from "../model/resource.ts"

/**
 * Those that every network or ipc namespace has, or none: what the host has not, no container has. Others come with a module, or are a link's
 * own. sysctl(8), ip-sysctl.rst
 */
const EVERYWHERE = /^(kernel\.|fs\.mqueue\.|net\.(core|unix|ipv[46])\.(?!(conf|neigh)\.(?!(all|default)\.)))/

/** Of the parameters that the stack file's containers are to have, those that this kernel has for nobody, each with the nearest one that it has. */
export function sysctlFacts(kernel: Kernel, { resources }: Desired): Pick<HostFacts, "absentSysctls"> {
  const wanted = resources.flatMap(({ kind, attributes }) =>
    kind === "container" ? Object.keys((attributes as unknown as ContainerAttributes).sysctls) : [],
  )
  const names = [...new Set(wanted)].filter((name) => EVERYWHERE.test(name))
  const absent = names.filter((name) => kernel.lstat(sysctlPath(name)) === null)
  if (absent.length === 0) return {}
  return { absentSysctls: Object.fromEntries(absent.map((name) => [name, nearestTo(kernel, name)])) }
}

function nearestTo(kernel: Kernel, name: string): string {
  const path = sysctlPath(name)
  const folder = path.slice(0, path.lastIndexOf("/"))
  const near = nearest(path.slice(folder.length + 1), kernel.list(folder))
  return near === undefined ? "" : sysctlName(`${folder.slice("/proc/sys/".length)}/${near}`)
}
