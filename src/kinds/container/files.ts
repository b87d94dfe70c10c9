import type { Scope } from "../../model/driver.ts"
import { runFolderOf } from "../../model/ownership.ts"
import type { Limits } from "../cgroup/spec.ts"
import { groupIn, groupPath, holdingPathIn } from "./kind-group-path.ts"
import { namedPaths } from "./names.ts"
import { bootId, parseRecord, recordPath } from "./record.ts"
import type { ContainerAttributes } from "./spec.ts"

/** What the small files of one container say. */
export interface ContainerFiles {
  record: string | null
  /** The monitor's `state` file. */
  state: { exit?: string; signal?: string; finished?: string; restarting?: string }
  uidMap: string | null
  gidMap: string | null
  /** Of its first process: what it may do, and what bounds it. */
  status: string | null
  ulimits: string | null
  oomScoreAdj: string | null
  /** Which file it sees at /etc/hosts, where it is to see one of the stack's. */
  hosts: string | null
  /** The same of /etc/resolv.conf, and what is in that one. */
  resolver: { seen: string | null; text: string | null }
  /** Path below `…/stack/STACK`, e.g. `tier/web`; "" where no group was found. */
  cgroup: string
  /** The parent's name, or ""; of a process that is in no group of the container's, the path of the one that it is in: `/stack/lab/other`. */
  parent: string
  /** Nothing in its group runs, for its own switch or that of the stack's group. */
  frozen: boolean
  /** Those that its process is bound by: one that was moved out of its group by hand is not. */
  limits: Limits
}

/** How many `containerPaths` names of each. */
export const FILES = 11

/** What is read of each container in /proc and its run folder, for `containerFiles`. */
export function containerPaths(whose: Pick<Scope, "stack" | "monitors">, names: readonly string[]): string[] {
  return names.flatMap((name) => paths(whose, name))
}

/** Their texts put in order, and the limits read, of all groups in one go. */
export function containerFiles(scope: Scope, names: readonly string[], texts: readonly (string | null)[]): Map<string, ContainerFiles> {
  const rows = names.map((name, i) => {
    const own = texts.slice(FILES * i, FILES * (i + 1))
    const [record = null, state = null, uidMap = null, gidMap = null, cgroup = null, status = null, ulimits = null, ...last] = own
    const [oomScoreAdj = null, hosts = null, seen = null, text = null] = last
    const at = holdingPathIn(scope.cgroups, cgroup)
    const group = ownGroup(name, groupIn(scope.stack, at), record, scope)
    const unheld = group === "" ? [] : scope.cgroups.unheld(group, cgroup ?? "")
    return {
      name,
      record,
      state: parseState(state),
      uidMap,
      gidMap,
      status,
      ulimits,
      oomScoreAdj,
      hosts,
      resolver: { seen, text },
      seenIn: cgroup,
      cgroup: group,
      parent: parentOf(scope, { name, record, group, at }),
      unheld,
    }
  })
  const grouped = rows.filter((row) => row.cgroup !== "" && !row.parent.startsWith("/"))
  const wanted = wantedLimits(scope)
  const likes = new Map(grouped.map((row) => [row.cgroup, [wanted.get(row.name) ?? {}, ...recordedLimits(scope, row.record)]]))
  const limits = scope.cgroups.limits([...likes.keys()], likes)
  const suspects = grouped.map((row) => [row.cgroup, { status: row.status, cgroup: row.seenIn }] as const)
  const frozen = scope.cgroups.frozen(new Map(suspects.length === 0 ? [] : [["", undefined], ...suspects]))
  return new Map(
    rows.map(({ name, unheld, seenIn: _, ...row }) => {
      const own = row.parent.startsWith("/") ? undefined : limits.get(row.cgroup)
      const inForce = Object.entries(own ?? {}).filter(([key]) => !unheld.includes(key as keyof Limits))
      const rests = own !== undefined && (frozen.has("") || frozen.has(row.cgroup))
      return [name, { ...row, frozen: rests, limits: Object.fromEntries(inForce) }]
    }),
  )
}

function wantedLimits(scope: Scope): Map<string, Limits> {
  const containers = scope.desired.resources.filter((r) => r.kind === "container")
  return new Map(containers.map((r) => [r.name, (r.attributes as unknown as ContainerAttributes).limits]))
}

/** Of the limits in a record, only files named by hand are asked for. */
function recordedLimits(scope: Scope, text: string | null): Limits[] {
  const record = text?.includes('"unified"') ? parseRecord(text, bootId(scope.kernel)) : undefined
  return record === undefined ? [] : [record.attributes.limits]
}

function paths({ stack, monitors }: Pick<Scope, "stack" | "monitors">, name: string): string[] {
  const init = monitors.get(name)?.init?.pid
  const proc = (file: string) => (init === undefined ? "" : `/proc/${init}/${file}`)
  const run = runFolderOf(stack, name)
  const live = ["uid_map", "gid_map", "cgroup", "status", "limits", "oom_score_adj"].map(proc)
  return [recordPath(stack, name), `${run}/state`, ...live, ...namedPaths(stack, name, init)]
}

/** The monitor's `key value` lines. */
function parseState(text: string | null): ContainerFiles["state"] {
  const entries = (text ?? "").split("\n").map((line) => line.split(" ", 2) as [string, string])
  return Object.fromEntries(entries.filter(([key]) => key !== ""))
}

/** A container that makes groups itself (`init: systemd`) is in one of these: its own is above. */
function ownGroup(name: string, group: string, text: string | null, scope: Scope): string {
  if (group.slice(group.lastIndexOf("/") + 1) === name || text === null) return group
  const record = parseRecord(text, bootId(scope.kernel))
  if (record === undefined) return group
  const own = groupPath(name, record.attributes)
  return `${group}/`.startsWith(`${own}/`) ? own : group
}

/** Its own group is called as it is, or, while it is being moved, as its record says. */
function parentOf(scope: Scope, { name, record, group, at }: { name: string; record: string | null; group: string; at: string }): string {
  const slash = group.lastIndexOf("/")
  const parent = slash < 0 ? "" : group.slice(0, slash)
  if (group.slice(slash + 1) === name || at === "") return parent
  const kept = record === null ? undefined : parseRecord(record, bootId(scope.kernel))
  return kept === undefined || kept.moving?.groups.includes(group) ? parent : at
}
