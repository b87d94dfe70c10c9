import { pause } from "../../base/pause.ts"
import { type Kernel, KernelError } from "../kernel.ts"
import { isBusy } from "./busy.ts"
import type { Tree } from "./folders.ts"
import { folderOf, MONITORS, mayBeThere, parentOf } from "./folders.ts"
import type { Hierarchy } from "./layout.ts"
import { groupsIn, pidsIn } from "./members.ts"
import { groupNames } from "./reading.ts"

/** Milliseconds between two attempts, about a second in all: the last processes of a group may just be dying. */
const PAUSES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]

/** Removes a group in every hierarchy, in the holding one last, and the stack's own folders behind the last group. */
export function removeGroup(tree: Tree, path: string): void {
  const { hierarchies, holding } = tree.layout
  for (const hierarchy of [...hierarchies.filter((h) => h !== holding), holding]) {
    const folder = folderOf(tree, hierarchy, path)
    if (!mayBeThere(tree, folder)) continue
    removeFolder(tree.kernel, folder)
    forget(tree, folder)
  }
  if (parentOf(path) !== "") return
  tree.names ??= new Set(groupNames(tree))
  tree.names.delete(path)
  if (tree.names.size === 0) tidyStack(tree)
}

/** The stack's own folders, if nothing is left in them. What is not empty stays. */
export function tidyStack(tree: Tree): void {
  tree.names = undefined
  if (groupNames(tree).length > 0) return
  for (const hierarchy of tree.layout.hierarchies) tidyHierarchy(tree, hierarchy)
}

function tidyHierarchy(tree: Tree, hierarchy: Hierarchy): void {
  const { kernel } = tree
  const own = folderOf(tree, hierarchy, "")
  const left = groupsIn(kernel, own)
  for (const name of [...left, ...(left.length === 0 ? [] : [MONITORS])]) tryRemove(tree, `${own}/${name}`)
  tryRemove(tree, own)
  tryRemove(tree, `${hierarchy.top}/stack`)
}

function tryRemove(tree: Tree, folder: string): void {
  try {
    tree.kernel.rmdir(folder)
    forget(tree, folder)
  } catch (failure) {
    if (!isBusy(failure)) throw failure
  }
}

function forget(tree: Tree, folder: string): void {
  tree.made.delete(folder)
  tree.enabled.delete(folder)
}

/** rmdir(2), groups below first (a container may have made some) unless it is to go alone. Tried again while its last processes are going. */
export function removeFolder(kernel: Kernel, folder: string, alone = false): void {
  for (const ms of [...PAUSES, 0]) {
    try {
      kernel.rmdir(folder)
      return
    } catch (failure) {
      if (!isBusy(failure)) throw failure
      if (ms === 0) throw stillBusy(kernel, folder, failure)
    }
    const below = alone ? [] : groupsIn(kernel, folder)
    for (const name of below) removeFolder(kernel, `${folder}/${name}`)
    if (below.length === 0) pause(ms)
  }
}

function stillBusy(kernel: Kernel, folder: string, failure: KernelError): KernelError {
  const pids = pidsIn(kernel, folder)
  return new KernelError(failure.op, failure.errno, pids.length === 0 ? failure.text : `processes are still in it: ${pids.join(", ")}`)
}
