import type { StackGroups } from "../../model/driver.ts"
import type { Kernel } from "../kernel.ts"
import { absentFrom } from "./absent.ts"
import { changeLimits, makeGroup } from "./change.ts"
import { allowDevices, deviceHierarchy, heldDevices } from "./device-access.ts"
import type { Tree } from "./folders.ts"
import { exists, folderOf, hierarchiesFor, holdingFolder, MONITORS, makeFolder, parentOf } from "./folders.ts"
import { adoptGroup, foreignGroup, giveGroupBack, unmarkedGroups } from "./foreign.ts"
import { freeze, frozenAbove, frozenAt, frozenGroups, requireRunning, thaw } from "./freeze.ts"
import { gather, pathIn, unheldLimits } from "./gather.ts"
import { killGroup } from "./kill.ts"
import type { CgroupLayout } from "./layout.ts"
import { pidsIn } from "./members.ts"
import { groupNames, membersOfAll, readLimits } from "./reading.ts"
import { removeGroup, tidyStack } from "./remove.ts"
import { moveAll, succeedGroup } from "./succeed.ts"

/** The groups of one stack in the hierarchies of this host. Every method throws KernelError where the kernel refuses. */
export function stackGroups(kernel: Kernel, layout: CgroupLayout, stack: string): StackGroups {
  const base = `/stack/${stack}`
  const empty = {
    made: new Set<string>(),
    running: new Set<string>(),
    enabled: new Map(),
    listed: new Map(),
    strayed: new Map(),
    names: undefined,
  }
  const tree: Tree = { kernel, layout, stack, base, ...empty }
  return {
    groups: () => groupNames(tree),
    limits: (paths, likes) => readLimits(tree, paths, likes),
    absent: (limits) => absentFrom(tree, limits),
    unheld: (path, text) => unheldLimits(tree, path, text),
    gather: (path, pid) => gather(tree, path, pid),
    holdingPath: (line) => pathIn(layout.holding, line),
    holdingFolder: (path) => holdingFolder(tree, path),
    members: (paths) => membersOfAll(tree, paths),
    monitors: () => pidsIn(kernel, holdingFolder(tree, MONITORS)),
    monitorsOf: (stack) => pidsIn(kernel, `${parentOf(holdingFolder(tree, ""))}/${stack}/${MONITORS}`),
    prepareMonitors: () => void makeFolder(tree, layout.holding, MONITORS),
    make: (path, limits, devices) => {
      makeGroup(tree, path, limits)
      if (devices !== undefined) allowDevices(tree, path, devices)
    },
    allow: (path, devices) => allowDevices(tree, path, devices),
    held: (wanted) => heldDevices(tree, wanted),
    foldersOf: (path, limits) => {
      // A sibling made later may have brought the parent into a hierarchy that this group was not made in.
      const hierarchies = [...hierarchiesFor(tree, path, limits), ...deviceHierarchy(tree)].filter((h) =>
        exists(tree, folderOf(tree, h, path)),
      )
      const monitors = holdingFolder(tree, MONITORS)
      const unified = layout.holding.version === 2
      return {
        cgroup2: unified ? holdingFolder(tree, path) : "",
        cgroups1: hierarchies.filter((h) => h.version === 1).map((h) => folderOf(tree, h, path)),
        monitorCgroup2: unified ? monitors : "",
        monitorCgroups1: unified ? [] : [monitors],
      }
    },
    change: (path, before, after) => changeLimits(tree, path, before, after),
    foreign: (path, like) => foreignGroup(tree, path, like),
    unmarked: () => unmarkedGroups(tree),
    adopt: (path, name, limits) => adoptGroup(tree, path, name, limits),
    giveBack: (name, path, as) => giveGroupBack(tree, name, path, as),
    succeed: (from, to, limits, devices) => {
      succeedGroup(tree, from, to, limits)
      if (devices !== undefined) allowDevices(tree, to, devices)
    },
    moveAll: (from, to) => moveAll(tree, from, to),
    frozen: (groups) => frozenGroups(tree, groups),
    frozenAt: (path, pid) => frozenAt(tree, path, pid),
    frozenAbove: () => frozenAbove(tree),
    requireRunning: (path) => requireRunning(tree, path),
    freeze: (path) => freeze(tree, path),
    thaw: (path, pid) => thaw(tree, path, pid),
    kill: (path) => killGroup(tree, path),
    remove: (path) => removeGroup(tree, path),
    tidy: () => tidyStack(tree),
  }
}
