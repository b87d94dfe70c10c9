import type { Limits } from "../../kinds/cgroup/spec.ts"
import { changeLimits, makeGroup, move } from "./change.ts"
import type { Tree } from "./folders.ts"
import { exists, folderOf, makeFolder, parentOf } from "./folders.ts"
import type { Hierarchy } from "./layout.ts"
import { membersOf } from "./members.ts"
import { readLimits } from "./reading.ts"

/**
 * A group in the place of another: on v1, which can rename a group beside itself, that one, with all that it has counted; on
 * cgroup2, which cannot, and below another parent, a new one, into which `moveAll` brings what is in the old one. May be done again.
 */
export function succeedGroup(tree: Tree, from: string, to: string, limits: Limits): void {
  for (const hierarchy of tree.layout.hierarchies) if (hierarchy.version === 1) renameBeside(tree, hierarchy, from, to)
  makeGroup(tree, to, limits)
  // A renamed one has the limits that it had.
  const present = readLimits(tree, [to], new Map([[to, [limits]]])).get(to) ?? {}
  changeLimits(tree, to, present, limits)
}

function renameBeside(tree: Tree, hierarchy: Hierarchy, from: string, to: string): void {
  const [old, fresh] = [folderOf(tree, hierarchy, from), folderOf(tree, hierarchy, to)]
  if (parentOf(from) !== parentOf(to) || tree.kernel.stat(old) === null || tree.kernel.stat(fresh) !== null) return
  tree.kernel.rename(old, fresh)
  for (const folder of [...tree.made]) if (folder === old || folder.startsWith(`${old}/`)) tree.made.delete(folder)
  tree.made.add(fresh)
  tree.listed.clear()
}

/** More rounds than a program that keeps forking can stay ahead of. */
const ROUNDS = 100

/** Brings all processes of a group, and of the groups below it, into another group and groups of the same names there. */
export function moveAll(tree: Tree, from: string, to: string): void {
  for (const hierarchy of tree.layout.hierarchies) {
    const folder = folderOf(tree, hierarchy, from)
    for (let round = 0; round < ROUNDS; round++) {
      const members = membersOf(tree.kernel, folder)
      if (members.length === 0) break
      for (const { pid, below } of members) {
        if (!exists(tree, folderOf(tree, hierarchy, `${to}${below}`))) makeFolder(tree, hierarchy, `${to}${below}`)
        move(tree.kernel, pid, folderOf(tree, hierarchy, `${to}${below}`))
      }
    }
  }
}
