import { formatSize } from "../../base/size.ts"
import type { Limits } from "../../kinds/cgroup/spec.ts"
import type { Entry } from "../../model/entry.ts"
import type { Draft } from "../resolve.ts"

const SIZES = new Set(["memory", "memory_high", "memory_low", "memory_swap"])

/** Limits that contradict each other, and those of a container above those of its parent group. */
export function checkLimits(draft: Draft): void {
  for (const { attributes, entry } of [...draft.cgroups, ...draft.containers]) checkMemory(entry, attributes.limits)
  const parents = new Map(draft.cgroups.map((c) => [c.name, c.attributes.limits]))
  for (const { attributes, entry } of draft.containers) {
    const parent = parents.get(attributes.cgroup)
    if (parent !== undefined) checkParent(entry, attributes.limits, parent, `cgroup.${attributes.cgroup}`)
  }
}

function checkMemory(entry: Entry, { memory, memory_high, memory_low }: Limits): void {
  for (const [key, value] of [
    ["memory_high", memory_high],
    ["memory_low", memory_low],
  ] as const) {
    if (memory === undefined || value === undefined || value <= memory) continue
    entry.report(["limits", key], "limit-above", `${key} ${formatSize(value)} is above memory ${formatSize(memory)}`, {
      hint: `${key} is at most memory: the hard limit comes first`,
    })
  }
  if (memory_high !== undefined && memory_low !== undefined && memory_low > memory_high && (memory === undefined || memory_low <= memory)) {
    entry.report(
      ["limits", "memory_low"],
      "limit-above",
      `memory_low ${formatSize(memory_low)} is above memory_high ${formatSize(memory_high)}`,
      {
        hint: "what is kept cannot be more than what may be used",
      },
    )
  }
}

function checkParent(entry: Entry, own: Limits, parent: Limits, name: string): void {
  for (const key of ["memory", "memory_swap", "cpus", "pids"] as const) {
    const [value, most] = [own[key], parent[key]]
    if (typeof value !== "number" || typeof most !== "number" || value <= most) continue
    const words = SIZES.has(key) ? [formatSize(value), formatSize(most)] : [String(value), String(most)]
    entry.report(["limits", key], "limit-above", `${key} ${words[0]} is above ${name}'s ${words[1]}`, {
      hint: `write at most ${words[1]}, or raise it in ${name}`,
    })
  }
  if (own.cpuset === undefined || parent.cpuset === undefined) return
  const allowed = rangesOf(parent.cpuset)
  const outside = rangesOf(own.cpuset).find(([first, last]) => !allowed.some(([a, b]) => a <= first && last <= b))
  if (outside === undefined) return
  entry.report(["limits", "cpuset"], "limit-above", `cpuset ${own.cpuset} is not within ${name}'s ${parent.cpuset}`, {
    hint: `choose out of ${parent.cpuset}`,
  })
}

/** Of a canonical list: ranges that touch are one. */
function rangesOf(list: string): [number, number][] {
  return list.split(",").map((part): [number, number] => {
    const [first = 0, last = first] = part.split("-").map(Number)
    return [first, last]
  })
}
