import type { Address } from "../base/address.ts"
import type { Kernel } from "../kernel/kernel.ts"
import type { ContainerAttributes } from "../kinds/container/spec.ts"
import type { Change } from "../model/change.ts"
import type { GroupMember, StackGroups } from "../model/driver.ts"
import type { Observed, Occupied, Snapshot } from "../model/resource.ts"

/**
 * What others have put into the objects that a plan is to take away: ports of a bridge, as the snapshot has them, and processes in a
 * group, which are looked for here, as nothing else needs to know them.
 */
export function occupants(kernel: Kernel, cgroups: StackGroups, going: readonly Change[], snapshot: Snapshot): Map<Address, Occupied> {
  const found = new Map<Address, Occupied>()
  for (const { address, observed } of going) {
    if (observed === undefined) continue
    const occupied = observed.occupied ?? inGroup(kernel, cgroups, observed, snapshot)
    if (occupied !== undefined) found.set(address, occupied)
  }
  return found
}

function inGroup(kernel: Kernel, cgroups: StackGroups, observed: Observed, snapshot: Snapshot): Occupied | undefined {
  if (observed.kind === "cgroup")
    return occupiedBy(kernel, noContainers(cgroups.members(observed.name), snapshot), "which is no container's, is in the cgroup")
  const group = observed.live.cgroup
  if (observed.kind !== "container" || typeof group !== "string" || group === "") return undefined
  return occupiedBy(kernel, outsiders(kernel, cgroups.members(group), observed), "which is not the container's, is in its cgroup")
}

/** Members of a shared group that are in none of its containers' groups. */
function noContainers(members: readonly GroupMember[], { resources }: Snapshot): GroupMember[] {
  return members.filter(({ below }) => !resources.has(`container.${below.split("/")[1] ?? ""}`))
}

const KINDS = ["pid", "user", "mount", "ipc", "uts", "net", "cgroup"] as const
const FILES: { readonly [kind: string]: string } = { mount: "mnt" }

/**
 * Members that are in a namespace of this process's own which the container does not share: no process of a container has a way back
 * there. Of a container that shares all of them, nobody can tell.
 */
function outsiders(kernel: Kernel, members: readonly GroupMember[], { attributes }: Observed): GroupMember[] {
  const { namespaces } = attributes as unknown as Partial<ContainerAttributes>
  const kind = namespaces === undefined ? undefined : KINDS.find((one) => namespaces[one] !== "host")
  if (kind === undefined) return []
  const file = `ns/${FILES[kind] ?? kind}`
  const [own, ...theirs] = kernel.readMany(["self", ...members.map(({ pid }) => pid)].map((pid) => `@/proc/${pid}/${file}`))
  return members.filter((_, i) => own !== null && theirs[i] === own)
}

function occupiedBy(kernel: Kernel, members: readonly GroupMember[], what: string): Occupied | undefined {
  if (members.length === 0) return undefined
  const first = members.filter(({ pid }, i) => members.findIndex((other) => other.pid === pid) === i)
  const commands = kernel.readMany(first.map(({ pid }) => `/proc/${pid}/cmdline`))
  return {
    by: first.map(({ pid, folder }, i) => `process ${pid} (${(commands[i] ?? "").replaceAll("\0", " ").trim()}), ${what} ${folder}`),
    hint: "end it, or move it into another group: `echo PID > /sys/fs/cgroup/…/cgroup.procs`, in each hierarchy",
  }
}
