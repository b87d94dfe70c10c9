import { controllerFiles } from "./cgroup-files.ts"
import type { FakeProcess, Machine } from "./machine.ts"
import { refuse } from "./machine.ts"
import type { Folder, TextFile } from "./tree.ts"
import { ensureFolder, folder, kernelFile, textFile } from "./tree.ts"

/** A cgroup hierarchy. cgroups(7) */
export interface Hierarchy {
  version: 1 | 2
  /** In the kernel's words: `blkio` on v1. */
  controllers: readonly string[]
  mount: string
  root: Group
}

export interface Group {
  hierarchy: Hierarchy
  parent: Group | undefined
  /** From the hierarchy's root: "" for it. */
  path: string
  folder: Folder
  groups: Map<string, Group>
  members: Set<number>
  /** Of cgroup2: controllers that are on in the groups below. */
  subtree: Set<string>
  /** What the files of limits hold. */
  values: Map<string, string>
  /** Name of the program that holds its members to some devices. */
  program?: string
}

export function mountHierarchy(machine: Machine, version: 1 | 2, controllers: readonly string[], mount: string): Hierarchy {
  const hierarchy = { version, controllers, mount } as Hierarchy
  hierarchy.root = newGroup(machine, hierarchy, undefined, "", ensureFolder(machine.root, mount))
  machine.hierarchies.push(hierarchy)
  return hierarchy
}

function newGroup(machine: Machine, hierarchy: Hierarchy, parent: Group | undefined, path: string, at: Folder): Group {
  const group: Group = { hierarchy, parent, path, folder: at, groups: new Map(), members: new Set(), subtree: new Set(), values: new Map() }
  at.makeFolder = (name) => {
    const child = newGroup(machine, hierarchy, group, `${group.path}/${name}`, folder())
    group.groups.set(name, child)
    return child.folder
  }
  at.removeFolder = (name) => removeGroup(group, name)
  at.renameFolder = (from, to) => renameGroup(group, from, to)
  coreFiles(machine, group)
  for (const controller of availableIn(group)) addController(group, controller)
  return group
}

function removeGroup(group: Group, name: string): void {
  const child = group.groups.get(name)
  const op = `rmdir ${group.hierarchy.mount}${group.path}/${name}`
  if (child === undefined) refuse(op, "EPERM")
  if (child.members.size > 0 || child.groups.size > 0) refuse(op, "EBUSY")
  group.groups.delete(name)
}

/** Of v1 alone: cgroup2 refuses it. cgroup1_rename() in kernel/cgroup/cgroup-v1.c */
function renameGroup(group: Group, from: string, to: string): void {
  const op = `mv ${group.hierarchy.mount}${group.path}/${from} ${to}`
  const child = group.groups.get(from) ?? refuse(op, "EPERM")
  if (group.hierarchy.version === 2) refuse(op, "EPERM")
  if (group.groups.has(to)) refuse(op, "EEXIST")
  group.groups.delete(from)
  group.groups.set(to, child)
  repath(child, `${group.path}/${to}`)
}

function repath(group: Group, path: string): void {
  group.path = path
  for (const [name, child] of group.groups) repath(child, `${path}/${name}`)
}

/** v1 has its controllers in every group; cgroup2 where the group above turned them on. */
function availableIn({ hierarchy, parent }: Group): string[] {
  return hierarchy.version === 1 || parent === undefined ? [...hierarchy.controllers] : [...parent.subtree]
}

function addController(group: Group, controller: string): void {
  for (const [name, file] of controllerFiles(group, controller)) group.folder.children.set(name, file)
}

function removeController(group: Group, controller: string): void {
  for (const [name] of controllerFiles(group, controller)) {
    group.folder.children.delete(name)
    group.values.delete(name)
  }
}

/** What every group of a version has, whatever its controllers. */
function coreFiles(machine: Machine, group: Group): void {
  const { version } = group.hierarchy
  const members = () => [...group.members].sort((a, b) => a - b)
  const names = version === 1 ? ["cgroup.procs", "tasks"] : ["cgroup.procs"]
  const lists = names.map((name): [string, TextFile] => {
    const read = () => members().map((pid) => `${pid}\n`)
    return [
      name,
      kernelFile(
        () => read().join(""),
        (text) => enter(machine, group, name, text),
      ),
    ]
  })
  for (const [name, file] of [...lists, ...(version === 1 ? core1(group) : core2(machine, group))]) group.folder.children.set(name, file)
}

function core1(group: Group): [string, TextFile][] {
  const { parent, values } = group
  const name = "cgroup.clone_children"
  values.set(name, parent?.values.get(name) ?? "0")
  const clone = kernelFile(
    () => `${values.get(name)}\n`,
    (text) => void values.set(name, text.trim() === "0" ? "0" : "1"),
  )
  return [
    [name, clone],
    ["notify_on_release", textFile("0\n")],
  ]
}

function core2(machine: Machine, group: Group): [string, TextFile][] {
  const available = kernelFile(() => `${availableIn(group).join(" ")}\n`)
  const on = kernelFile(
    () => `${[...group.subtree].join(" ")}\n`,
    (text) => turn(group, text),
  )
  const kill = kernelFile(
    () => null,
    () => killAll(machine, group),
  )
  return [
    ["cgroup.controllers", available],
    ["cgroup.subtree_control", on],
    ["cgroup.freeze", textFile("0\n")],
    ["cgroup.max.depth", textFile("max\n")],
    ["cgroup.max.descendants", textFile("max\n")],
    ...(group.parent === undefined ? [] : [["cgroup.kill", kill] as [string, TextFile]]),
  ]
}

/** `+memory -pids` to cgroup.subtree_control. */
function turn(group: Group, text: string): void {
  const op = `write ${text.trim()} to ${group.hierarchy.mount}${group.path}/cgroup.subtree_control`
  for (const word of text.trim().split(/\s+/)) {
    const controller = word.slice(1)
    if (!group.hierarchy.controllers.includes(controller)) refuse(op, "EINVAL")
    if (!availableIn(group).includes(controller)) refuse(op, "ENOENT")
    if (word.startsWith("+") && group.parent !== undefined && group.members.size > 0) refuse(op, "EBUSY")
    if (word.startsWith("+")) group.subtree.add(controller)
    else group.subtree.delete(controller)
    for (const child of group.groups.values()) {
      if (word.startsWith("+")) addController(child, controller)
      else removeController(child, controller)
    }
  }
}

function killAll(machine: Machine, group: Group): void {
  for (const pid of group.members) machine.end(pid, 9)
  for (const child of group.groups.values()) killAll(machine, child)
}

function enter(machine: Machine, group: Group, file: string, text: string): void {
  const op = `write ${text.trim()} to ${group.hierarchy.mount}${group.path}/${file}`
  const pid = Number(text.trim())
  if (!Number.isInteger(pid) || pid < 0) refuse(op, "EINVAL")
  const process = machine.processes.get(pid === 0 ? machine.running : pid)
  if (process === undefined) refuse(op, "ESRCH")
  enterGroup(process, group, op)
}

/** Moves a process. */
export function enterGroup(process: FakeProcess, group: Group, op: string): void {
  if (group.hierarchy.version === 2 && group.subtree.size > 0 && group.parent !== undefined) refuse(op, "EBUSY")
  if (group.hierarchy.controllers.includes("cpuset") && group.hierarchy.version === 1) {
    if (group.values.get("cpuset.cpus") === "" || group.values.get("cpuset.mems") === "") refuse(op, "ENOSPC")
  }
  process.groups.get(group.hierarchy)?.members.delete(process.pid)
  process.groups.set(group.hierarchy, group)
  group.members.add(process.pid)
}

/** The group whose folder a path is. */
export function groupAt(machine: Machine, path: string): Group | undefined {
  const hierarchy = machine.hierarchies.find((h) => path === h.mount || path.startsWith(`${h.mount}/`))
  let group = hierarchy?.root
  for (const name of path
    .slice(hierarchy?.mount.length ?? 0)
    .split("/")
    .filter(Boolean))
    group = group?.groups.get(name)
  return group
}
