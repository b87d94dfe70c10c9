import type { Limits } from "../../kinds/cgroup/spec.ts"
import { type Kernel, KernelError } from "../kernel.ts"
import { inheritCpuset1 } from "./cpuset.ts"
import type { CgroupLayout, Hierarchy } from "./layout.ts"
import { hierarchyOf, neededControllers } from "./limits.ts"
import { groupsIn } from "./members.ts"

/** What the groups of one stack are worked on with. */
export interface Tree {
  kernel: Kernel
  layout: CgroupLayout
  stack: string
  /** Where its groups are, below the top of each hierarchy: `/stack/lab`; "" for the top itself. */
  base: string
  /** Folders known to be there: a hundred containers do not make the same ones again. */
  made: Set<string>
  /** Controllers known to be on for the children of a cgroup2 folder. */
  enabled: Map<string, Set<string>>
  /** Parents below which what is begun runs: somebody may have frozen one. */
  running: Set<string>
  /** The hierarchies of lines of /proc/PID/cgroup that name no group of the stack's. */
  strayed: Map<string, Hierarchy[]>
  /** The groups that were in a folder when one of them was first asked for. */
  listed: Map<string, Set<string>>
  /** Names of groups directly below the stack's own; undefined until someone needs to know. */
  names: Set<string> | undefined
}

/** The leaf that the monitors live in. */
export const MONITORS = ".monitor"

/** Folder of a group in one hierarchy; "" is the stack's own. */
export function folderOf(tree: Tree, hierarchy: Hierarchy, path: string): string {
  const own = `${hierarchy.top}${tree.base}`
  return path === "" ? own : `${own}/${path}`
}

export function holdingFolder(tree: Tree, path: string): string {
  return folderOf(tree, tree.layout.holding, path)
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")))
}

/**
 * The hierarchies a group must be in: the holding one, those of its limits, and those of its parent's (whose limits hold
 * for what is in the parent's group of that hierarchy, and for nothing else). Throws EOPNOTSUPP where no hierarchy has a controller.
 */
export function hierarchiesFor(tree: Tree, path: string, limits: Limits): Hierarchy[] {
  const { holding, hierarchies } = tree.layout
  const needed = new Set<Hierarchy>([holding, ...neededControllers(limits).flatMap((name) => controllerHierarchy(tree, name))])
  const parent = parentOf(path)
  return hierarchies.filter((h) => needed.has(h) || (parent !== "" && h.version === 1 && exists(tree, folderOf(tree, h, parent))))
}

/** A controller of cgroup2 that is not listed there (`misc` on an old kernel) is left to the kernel's own refusal. */
function controllerHierarchy(tree: Tree, name: string): Hierarchy[] {
  const hierarchy = hierarchyOf(tree.layout, name)
  if (hierarchy !== undefined) return [hierarchy]
  throw new KernelError(`limit ${name} of a cgroup`, "EOPNOTSUPP", `no cgroup hierarchy of this host has the ${name} controller`)
}

export function exists(tree: Tree, folder: string): boolean {
  if (tree.made.has(folder)) return true
  if (tree.kernel.stat(folder) === null) return false
  tree.made.add(folder)
  return true
}

/** A group is in few of v1's hierarchies: the folder above is listed once, and what was made since is known. False: it is not there. */
export function mayBeThere(tree: Tree, folder: string): boolean {
  return isListed(tree.kernel, folder, tree.listed) || tree.made.has(folder)
}

/** Whether a group is there. Each folder above is listed once, into `lists`. */
export function isListed(kernel: Kernel, folder: string, lists: Map<string, Set<string>>): boolean {
  const slash = folder.lastIndexOf("/")
  const above = folder.slice(0, slash)
  const names = lists.get(above) ?? new Set(groupsIn(kernel, above))
  lists.set(above, names)
  return names.has(folder.slice(slash + 1))
}

/** Makes a group and those above it in one hierarchy. False where it was there already. */
export function makeFolder(tree: Tree, hierarchy: Hierarchy, path: string): boolean {
  const above = partsAbove(tree, path)
  const parents = above.map((_, i) => `${hierarchy.top}/${above.slice(0, i + 1).join("/")}`)
  try {
    for (const parent of parents) if (!tree.made.has(parent)) makeOne(tree, hierarchy, parent)
    return makeOne(tree, hierarchy, folderOf(tree, hierarchy, path))
  } catch (failure) {
    // Another stack's end may have taken `stack` away in between.
    if (!(failure instanceof KernelError) || failure.errno !== "ENOENT") throw failure
    for (const parent of parents) tree.made.delete(parent)
    for (const parent of parents) makeOne(tree, hierarchy, parent)
    return makeOne(tree, hierarchy, folderOf(tree, hierarchy, path))
  }
}

/** Names of the folders above a group, from the top of a hierarchy. */
function partsAbove(tree: Tree, path: string): string[] {
  return [...tree.base.split("/").filter(Boolean), ...path.split("/").slice(0, -1)]
}

function makeOne(tree: Tree, hierarchy: Hierarchy, folder: string): boolean {
  const fresh = tree.kernel.mkdir(folder)
  if (hierarchy.version === 1 && hierarchy.controllers.includes("cpuset")) inheritCpuset1(tree.kernel, folder, fresh)
  tree.made.add(folder)
  return fresh
}

/** Turns on what the limits of a group need in every folder above it, from the top down. cgroups(7), "cgroup.subtree_control" */
export function enableControllers(tree: Tree, path: string, limits: Limits): void {
  const { hierarchies } = tree.layout
  const v2 = hierarchies.find((h) => h.version === 2)
  const needed = v2 === undefined ? [] : neededControllers(limits).filter((name) => hierarchyOf(tree.layout, name) === v2)
  if (v2 === undefined || needed.length === 0) return
  const parts = partsAbove(tree, path)
  for (let i = 0; i <= parts.length; i++) enableIn(tree, [v2.top, ...parts.slice(0, i)].join("/"), needed)
}

function enableIn(tree: Tree, folder: string, needed: readonly string[]): void {
  const file = `${folder}/cgroup.subtree_control`
  const on = tree.enabled.get(folder) ?? new Set((tree.kernel.read(file) ?? "").trim().split(/\s+/))
  tree.enabled.set(folder, on)
  const missing = needed.filter((name) => !on.has(name))
  if (missing.length === 0) return
  if (wouldBeThreaded(tree.kernel, folder)) throw explained(new KernelError(`write cgroup.subtree_control in ${folder}`, "EBUSY"), folder)
  try {
    tree.kernel.write(file, missing.map((name) => `+${name}`).join(" "))
  } catch (failure) {
    throw failure instanceof KernelError ? explained(failure, folder) : failure
  }
  for (const name of missing) on.add(name)
}

/**
 * Of a group with members the kernel refuses all controllers but cpu, cpuset and pids: these make a threaded group of it, which cannot
 * have groups of processes below it and stays one. The top of the machine, which has no type, is free of that. cgroups(7), "Thread mode"
 */
function wouldBeThreaded(kernel: Kernel, folder: string): boolean {
  return kernel.read(`${folder}/cgroup.type`) !== null && (kernel.read(`${folder}/cgroup.procs`) ?? "").trim() !== ""
}

/** The rule that a group either has members or gives controllers to its children. */
function explained(failure: KernelError, folder: string): KernelError {
  if (failure.errno !== "EBUSY") return failure
  return new KernelError(
    failure.op,
    failure.errno,
    `${folder} has processes of its own, and such a group cannot give controllers to groups below it`,
  )
}
