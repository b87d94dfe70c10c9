import type { Limits } from "../../kinds/cgroup/spec.ts"
import { type Kernel, KernelError } from "../kernel.ts"
import { isBusy } from "./busy.ts"
import { setCpuset } from "./cpuset.ts"
import { deviceNumbers } from "./devices.ts"
import type { Tree } from "./folders.ts"
import { enableControllers, exists, folderOf, hierarchiesFor, holdingFolder, makeFolder, parentOf } from "./folders.ts"
import type { Hierarchy } from "./layout.ts"
import { codecFor, controllers, hierarchyOf, sameLimit } from "./limits.ts"
import { membersOf } from "./members.ts"
import { readLimits } from "./reading.ts"

/**
 * A group in every hierarchy that needs it, with its limits. It is made in the holding one first and removed there last, so
 * what is left of an earlier one shows there: that is made anew, or, if something is in it, brought in line.
 */
export function makeGroup(tree: Tree, path: string, limits: Limits): void {
  const wanted = deviceNumbers(tree.kernel, limits)
  const { holding } = tree.layout
  const others = hierarchiesFor(tree, path, wanted).filter((h) => h !== holding)
  const left = !makeFolder(tree, holding, path)
  if (left) {
    clearAway(tree, path)
    makeFolder(tree, holding, path)
  }
  for (const hierarchy of others) makeFolder(tree, hierarchy, path)
  enableControllers(tree, path, wanted)
  if (parentOf(path) === "") tree.names?.add(path)
  writeLimits(tree, path, left ? (readLimits(tree, [path]).get(path) ?? {}) : {}, wanted)
}

/** An empty group goes in every hierarchy; one with something in it stays. */
function clearAway(tree: Tree, path: string): void {
  for (const hierarchy of tree.layout.hierarchies) {
    const folder = folderOf(tree, hierarchy, path)
    try {
      tree.kernel.rmdir(folder)
      tree.made.delete(folder)
    } catch (failure) {
      if (!isBusy(failure)) throw failure
    }
  }
}

/**
 * Only what differs is written. A limit in a v1 hierarchy where the group is not yet: it is made there, limited, and its
 * processes are moved in.
 */
export function changeLimits(tree: Tree, path: string, before: Limits, after: Limits): void {
  const [had, wanted] = [deviceNumbers(tree.kernel, before), deviceNumbers(tree.kernel, after)]
  const fresh = hierarchiesFor(tree, path, wanted).filter((h) => !exists(tree, folderOf(tree, h, path)))
  for (const hierarchy of fresh) makeFolder(tree, hierarchy, path)
  enableControllers(tree, path, wanted)
  writeLimits(tree, path, had, wanted)
  for (const hierarchy of fresh) moveMembers(tree, hierarchy, path)
}

function writeLimits(tree: Tree, path: string, before: Limits, after: Limits): void {
  for (const controller of controllers) {
    if (controller.keys.every((key) => sameLimit(before[key], after[key]))) continue
    const hierarchy = hierarchyOf(tree.layout, controller.name)
    if (hierarchy === undefined) continue
    const folder = folderOf(tree, hierarchy, path)
    if (controller.name === "cpuset") setCpuset(tree.kernel, hierarchy.version, folder, after.cpuset)
    const codec = codecFor(controller, hierarchy)
    const present = codec.steering === undefined ? [] : tree.kernel.readMany(codec.steering.map((file) => `${folder}/${file}`))
    for (const { file, text } of codec.writes(before, after, present)) tree.kernel.write(`${folder}/${file}`, text)
  }
  if (!sameLimit(before.unified, after.unified)) writeUnified(tree, path, before.unified ?? {}, after.unified ?? {})
}

type Unified = NonNullable<Limits["unified"]>

function writeUnified(tree: Tree, path: string, before: Unified, after: Unified): void {
  const folder = holdingFolder(tree, path)
  const gone = Object.keys(before).filter((file) => !(file in after))
  const changed = Object.entries(after).filter(([file, text]) => before[file] !== text)
  for (const [file, text] of [...defaults(tree, path, gone), ...changed]) tree.kernel.write(`${folder}/${file}`, text)
}

/** What a file says in a group that nobody has touched: one is made to look at, and removed. */
function defaults(tree: Tree, path: string, files: readonly string[]): [string, string][] {
  if (files.length === 0) return []
  const parent = holdingFolder(tree, parentOf(path))
  const sample = `${parent}/.default`
  tree.kernel.mkdir(sample)
  const texts = tree.kernel.readMany(files.map((file) => `${sample}/${file}`))
  tree.kernel.rmdir(sample)
  return files.flatMap((file, i) => (texts[i] == null ? [] : [[file, texts[i].trim()]]))
}

/** More rounds than a program that keeps forking can stay ahead of. */
const ROUNDS = 10

/** Into a group of a v1 hierarchy goes all that is in the same group of the holding one; groups below are made there too. */
export function moveMembers(tree: Tree, hierarchy: Hierarchy, path: string): void {
  const moved = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    const fresh = membersOf(tree.kernel, holdingFolder(tree, path)).filter(({ pid, below }) => !moved.has(`${below} ${pid}`))
    if (fresh.length === 0) return
    for (const { pid, below } of fresh) {
      moved.add(`${below} ${pid}`)
      const group = `${path}${below}`
      if (!exists(tree, folderOf(tree, hierarchy, group))) makeFolder(tree, hierarchy, group)
      move(tree.kernel, pid, folderOf(tree, hierarchy, group))
    }
  }
}

/** A process that ended meanwhile need not move. */
export function move(kernel: Kernel, pid: number, folder: string): void {
  try {
    kernel.write(`${folder}/cgroup.procs`, `${pid}`)
  } catch (failure) {
    if (!(failure instanceof KernelError) || failure.errno !== "ESRCH") throw failure
  }
}
