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
  for (const { address, observed } of going) if (observed?.occupied !== undefined) found.set(address, observed.occupied)
  const groups = groupsOf(cgroups, going)
  if (groups.length === 0) return found
  for (const { observed, what, members } of foreignMembers(kernel, groups, snapshot))
    if (members.length > 0) found.set(observed.address, occupiedBy(kernel, members, what))
  return found
}

/** A group that is to go, and who is in it. */
interface GoingGroup {
  observed: Observed
  what: string
  members: readonly GroupMember[]
}

function groupsOf(cgroups: StackGroups, going: readonly Change[]): GoingGroup[] {
  const groups = going.flatMap(({ observed }) => {
    if (observed === undefined || observed.occupied !== undefined) return []
    if (observed.kind === "cgroup") return [{ observed, path: observed.name, what: "which is no container's, is in the cgroup" }]
    const path = observed.live.cgroup
    if (observed.kind !== "container" || typeof path !== "string" || path === "") return []
    return [{ observed, path, what: "which is not the container's, is in its cgroup" }]
  })
  if (groups.length === 0) return []
  const members = cgroups.members(groups.map(({ path }) => path))
  return groups.map(({ observed, path, what }) => ({ observed, what, members: members.get(path) ?? [] }))
}

function foreignMembers(kernel: Kernel, groups: readonly GoingGroup[], snapshot: Snapshot): GoingGroup[] {
  const shared = groups.filter(({ observed }) => observed.kind === "cgroup")
  const own = groups.filter(({ observed }) => observed.kind === "container")
  return [
    ...shared.map((group) => ({ ...group, members: noContainers(group.observed.name, group.members, snapshot) })),
    ...withoutOwn(kernel, own),
  ]
}

/** Members of a shared group that are in none of its containers' groups. */
function noContainers(name: string, members: readonly GroupMember[], { resources }: Snapshot): GroupMember[] {
  const groups = new Set(
    [...resources.values()].flatMap(({ kind, live }) =>
      kind === "container" ? [live.cgroup, ...(Array.isArray(live.groups) ? live.groups : [])] : [],
    ),
  )
  const isContainers = (below: string) => groups.has(`${name}${below.split("/", 2).join("/")}`)
  return members.filter(({ below }) => !isContainers(below))
}

const KINDS = ["pid", "user", "mount", "ipc", "uts", "net", "cgroup"] as const
const FILES: { readonly [kind: string]: string } = { mount: "mnt" }

/**
 * Members that are in a namespace of this process's own which the container does not share: no process of a container has a way back
 * there. Of a container that shares all of them, nobody can tell.
 */
function withoutOwn(kernel: Kernel, groups: readonly GoingGroup[]): GoingGroup[] {
  const links = groups.flatMap(({ observed, members }) => {
    const file = telling(observed)
    return file === undefined ? [] : ["self", ...members.map(({ pid }) => pid)].map((pid) => `@/proc/${pid}/ns/${file}`)
  })
  const texts = kernel.readMany(links)
  const textOf = new Map(links.map((link, i) => [link, texts[i]]))
  return groups.map((group) => {
    const file = telling(group.observed)
    const own = file === undefined ? null : textOf.get(`@/proc/self/ns/${file}`)
    const isForeign = ({ pid }: GroupMember) => typeof own === "string" && textOf.get(`@/proc/${pid}/ns/${file}`) === own
    return { ...group, members: group.members.filter(isForeign) }
  })
}

/** The file in /proc/PID/ns of a namespace that the container does not share with this process. */
function telling({ attributes }: Observed): string | undefined {
  const { namespaces } = attributes as unknown as Partial<ContainerAttributes>
  const kind = namespaces === undefined ? undefined : KINDS.find((one) => namespaces[one] !== "host")
  return kind === undefined ? undefined : (FILES[kind] ?? kind)
}

function occupiedBy(kernel: Kernel, members: readonly GroupMember[], what: string): Occupied {
  const first = members.filter(({ pid }, i) => members.findIndex((other) => other.pid === pid) === i)
  const commands = kernel.readMany(first.map(({ pid }) => `/proc/${pid}/cmdline`))
  return {
    by: first.map(({ pid, folder }, i) => `process ${pid} (${(commands[i] ?? "").replaceAll("\0", " ").trim()}), ${what} ${folder}`),
    hint: "end it, or move it into another group: `echo PID > /sys/fs/cgroup/…/cgroup.procs`, in each hierarchy",
  }
}
