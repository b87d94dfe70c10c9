import { UNIT } from "../../kernel/cgroup/foreign.ts"
import type { Kernel } from "../../kernel/kernel.ts"
import type { ForeignGroup, Scope } from "../../model/driver.ts"
import type { Adoption, Import } from "../../model/imports.ts"
import type { Observed, Occupied, Value } from "../../model/resource.ts"
import type { CgroupAttributes, Limits } from "./spec.ts"

/**
 * The group at the path of an entry. As long as there is one, the entry has not done its work, also where the resource is live: an apply may
 * have been cut short when some of the processes had been brought over.
 */
export function adoptableGroup(scope: Scope, entry: Import, live: Observed | undefined): Adoption | undefined {
  const wanted = scope.resource(entry.to)?.attributes as unknown as CgroupAttributes | undefined
  const group = scope.cgroups.foreign(entry.id, wanted?.limits ?? {})
  if (group === undefined) return live === undefined ? { entry, problem: missing(entry) } : undefined
  const problem = problemOf(entry, group)
  if (problem !== undefined) return { entry, problem }
  const occupied = occupants(scope.kernel, group)
  if (live !== undefined) return { entry, observed: { ...live, ...occupied } }
  const { folders, inode, limits } = group
  const name = entry.to.slice("cgroup.".length)
  return {
    entry,
    observed: {
      kind: "cgroup",
      address: entry.to,
      name,
      attributes: attributesOf(limits, folders),
      ...occupied,
      live: { path: folders[0] as string, inode },
    },
  }
}

/** The folders go along, for one that is given back: no rule looks at them. */
function attributesOf(limits: Limits, folders: string[]): Observed["attributes"] {
  return { limits: limits as unknown as Value, folders }
}

type Problem = NonNullable<Adoption["problem"]>

function missing({ to, id }: Import): Problem {
  const hint = `without the entry, ${to} is made anew; a path is the same from the top of each hierarchy, as /proc/PID/cgroup has it`
  return { summary: `there is no cgroup ${id} on this host that could become ${to}`, hint }
}

function problemOf({ id }: Import, { groups }: ForeignGroup): Problem | undefined {
  if (id.split("/").some((name) => UNIT.test(name))) {
    const hint = "systemd alone may change the groups of its units: set their limits there (`systemctl set-property`)"
    return { summary: `cgroup ${id} is a unit of systemd's`, hint }
  }
  if (groups.length === 0) return undefined
  const hint = "only a group with none below it can be adopted: remove these first, or name one of them"
  return { summary: `cgroup ${id} has groups below it: ${groups.join(", ")}`, hint }
}

/** Processes of others, which go along. */
function occupants(kernel: Kernel, { members }: ForeignGroup): { occupied?: Occupied } {
  if (members.length === 0) return {}
  const commands = kernel.readMany(members.map(({ pid }) => `/proc/${pid}/cmdline`))
  const by = members.map(
    ({ pid, folder }, i) =>
      `process ${pid} (${(commands[i] ?? "").replaceAll("\0", " ").trim()}), which is no container's, is in the cgroup ${folder}`,
  )
  return { occupied: { by, hint: "end it, or move it into another group" } }
}
