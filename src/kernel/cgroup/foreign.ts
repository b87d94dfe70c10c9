import type { Limits } from "../../kinds/cgroup/spec.ts"
import type { ForeignGroup, UnmarkedGroups } from "../../model/driver.ts"
import { changeLimits, makeGroup, move } from "./change.ts"
import type { Tree } from "./folders.ts"
import { exists, folderOf, makeFolder } from "./folders.ts"
import type { Hierarchy } from "./layout.ts"
import { groupsIn, pidsIn } from "./members.ts"
import { readLimits } from "./reading.ts"
import { removeFolder, removeGroup } from "./remove.ts"

/** The same hierarchies, looked at from their tops: no stack's part of them. */
function fromTop(tree: Tree): Tree {
  return { ...tree, base: "", made: new Set(), enabled: new Map(), listed: new Map(), names: undefined }
}

/** As the tree names it: without the slash in front. */
function below(path: string): string {
  return path.slice(1)
}

/** What is at a path from the top of the hierarchies; undefined where none has it. */
export function foreignGroup(tree: Tree, path: string, like: Limits): ForeignGroup | undefined {
  const top = fromTop(tree)
  const folders = hierarchiesOf(top, below(path)).map((hierarchy) => folderOf(top, hierarchy, below(path)))
  const [first] = folders
  if (first === undefined) return undefined
  const members = new Map(folders.flatMap((folder) => pidsIn(tree.kernel, folder).map((pid) => [pid, folder] as const)))
  return {
    folders,
    inode: tree.kernel.inode(first) ?? "",
    limits: readLimits(top, [below(path)], new Map([[below(path), [like]]])).get(below(path)) ?? {},
    members: [...members].map(([pid, folder]) => ({ pid, folder, below: "" })),
    groups: [...new Set(folders.flatMap((folder) => groupsIn(tree.kernel, folder)))].sort(),
  }
}

/** Names that systemd gives to the groups of its units. systemd.unit(5) */
export const UNIT = /\.(slice|scope|service|socket|mount|swap)$/

/** Groups that no stack has and that have none below them, from the tops of the hierarchies down; of others how many there are. */
export function unmarkedGroups({ kernel, layout }: Tree): UnmarkedGroups {
  const found = { paths: new Set<string>(), inner: new Set<string>(), units: new Set<string>() }
  const walk = (top: string, path: string) => {
    for (const name of groupsIn(kernel, `${top}${path}`)) {
      const own = `${path}/${name}`
      if (UNIT.test(name)) found.units.add(own)
      else if (name !== "stack") {
        const isLeaf = groupsIn(kernel, `${top}${own}`).length === 0
        found[isLeaf ? "paths" : "inner"].add(own)
        if (!isLeaf) walk(top, own)
      }
    }
  }
  for (const { top } of layout.hierarchies) walk(top, "")
  const paths = [...found.paths].filter((path) => !found.inner.has(path)).sort()
  return { paths, inner: found.inner.size, units: found.units.size }
}

function hierarchiesOf(tree: Tree, path: string): Hierarchy[] {
  return tree.layout.hierarchies.filter((hierarchy) => tree.kernel.stat(folderOf(tree, hierarchy, path)) !== null)
}

/**
 * A group of the stack's takes the place of a foreign one: made in each hierarchy that has that one, limited as it shall be, then its processes
 * are brought over, and it is removed. No group can be moved (cgroup2 has no rename). May be done again where it was cut short.
 */
export function adoptGroup(tree: Tree, path: string, name: string, limits: Limits): void {
  const top = fromTop(tree)
  const hierarchies = hierarchiesOf(top, below(path))
  makeGroup(tree, name, limits)
  for (const hierarchy of hierarchies) makeFolder(tree, hierarchy, name)
  const own = tree.layout.hierarchies.filter((hierarchy) => exists(tree, folderOf(tree, hierarchy, name)))
  bringOver(
    tree,
    () => hierarchies.flatMap((hierarchy) => pidsIn(tree.kernel, folderOf(top, hierarchy, below(path)))),
    own.map((hierarchy) => folderOf(tree, hierarchy, name)),
  )
  for (const hierarchy of hierarchies) removeFolder(tree.kernel, folderOf(top, hierarchy, below(path)), true)
}

/** The way back: the foreign group is there again with its limits, and has its processes. */
export function giveGroupBack(tree: Tree, name: string, path: string, { folders, limits }: Pick<ForeignGroup, "folders" | "limits">): void {
  const top = fromTop(tree)
  const hierarchies = tree.layout.hierarchies.filter((hierarchy) => folders.includes(folderOf(top, hierarchy, below(path))))
  for (const hierarchy of hierarchies) makeFolder(top, hierarchy, below(path))
  changeLimits(top, below(path), {}, limits)
  for (const hierarchy of tree.layout.hierarchies) {
    const own = folderOf(tree, hierarchy, name)
    const there = hierarchies.includes(hierarchy) ? folderOf(top, hierarchy, below(path)) : hierarchy.top
    bringOver(tree, () => pidsIn(tree.kernel, own), [there])
  }
  removeGroup(tree, name)
}

/** More rounds than a program that keeps forking can stay ahead of. */
const ROUNDS = 10

function bringOver(tree: Tree, pids: () => readonly number[], folders: readonly string[]): void {
  for (let round = 0; round < ROUNDS; round++) {
    const left = new Set(pids())
    if (left.size === 0) return
    for (const folder of folders) for (const pid of left) move(tree.kernel, pid, folder)
  }
}
