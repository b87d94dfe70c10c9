import { formatSize } from "../base/size.ts"
import { groupPath } from "../kinds/container/kind-group-path.ts"
import type { ContainerAttributes } from "../kinds/container/spec.ts"
import type { Change } from "../model/change.ts"
import type { Run } from "../model/driver.ts"

/**
 * The limit for whose sake the kernel has killed processes of a container, by the count that its group keeps of that (memory.events,
 * memory.oom_control of v1); undefined where it has not. `field`: where the file says it.
 */
export function memoryKill(
  change: Change,
  { kernel, cgroups }: Pick<Run, "kernel" | "cgroups">,
): { field: string; limit: string } | undefined {
  const want = change.after as unknown as ContainerAttributes | null
  if (want === null || change.kind !== "container") return undefined
  const { cgroup2, cgroups1 } = cgroups.foldersOf(groupPath(change.name, want), want.limits)
  const files = [...(cgroup2 === "" ? [] : [`${cgroup2}/memory.events`]), ...cgroups1.map((folder) => `${folder}/memory.oom_control`)]
  if (!kernel.readMany(files).some((counts) => /^oom_kill [1-9]/m.test(counts ?? ""))) return undefined
  const { memory } = want.limits
  if (memory !== undefined) return { field: "limits.memory", limit: `limits.memory (${formatSize(memory)})` }
  return { field: "cgroup", limit: want.cgroup === "" ? "this machine" : `cgroup.${want.cgroup}` }
}
