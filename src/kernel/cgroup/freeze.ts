import type { Diagnostic } from "../../base/diagnostic.ts"
import { DiagnosticError, error } from "../../base/diagnostic.ts"
import type { Kernel } from "../kernel.ts"
import type { Tree } from "./folders.ts"
import { holdingFolder, MONITORS, parentOf } from "./folders.ts"
import { membersOf } from "./members.ts"

/** What says of a process whether a freezer hierarchy holds it: /proc/PID/status and /proc/PID/cgroup. */
export interface Suspect {
  status: string | null
  cgroup: string | null
}

/**
 * Groups whose processes do not run, by their own switch (cgroup2), or because somebody has put their first process into a frozen group of v1's
 * freezer. Such a process sleeps undisturbed (`D`): the freezer is asked of no other. cgroups(7), freezer-subsystem.rst
 */
export function frozenGroups(tree: Tree, groups: ReadonlyMap<string, Suspect | undefined>): Set<string> {
  const { kernel, layout } = tree
  const paths = [...groups.keys(), ...(groups.has("") ? [MONITORS] : [])]
  const switches = layout.holding.version === 2 ? kernel.readMany(paths.map((path) => switchOf(tree, path))) : []
  return new Set(paths.filter((path, i) => switches[i]?.trim() === "1" || isHeld(tree, groups.get(path))).map(whole))
}

/**
 * The switch by which a process of a group, and whatever comes into that, is kept from running: the group's own, that of one above it, also
 * above the stack, or of v1's freezer. Undefined where nothing is.
 */
export function frozenAt(tree: Tree, path: string, pid: number): string | undefined {
  const [frozen] = switchesOn(tree, path)
  if (frozen !== undefined) return frozen
  const group = frozenFreezer(tree, tree.kernel.read(`/proc/${pid}/cgroup`))
  return group === undefined ? undefined : `${tree.layout.freezer}${group}/freezer.state`
}

/** The switch of a group above the stack by which somebody keeps all of it from running. */
export function frozenAbove(tree: Tree): string | undefined {
  return switchesOn(tree, "").find((file) => file !== switchOf(tree, ""))
}

/** Of a group and those above it, the switches that are on, the nearest first. */
function switchesOn(tree: Tree, path: string): string[] {
  const { top, version } = tree.layout.holding
  if (version !== 2) return []
  const own = holdingFolder(tree, path).slice(top.length)
  const files = [own, ...ancestorsOf(own)].map((folder) => `${top}${folder}/cgroup.freeze`)
  const texts = tree.kernel.readMany(files)
  return files.filter((_, i) => texts[i]?.trim() === "1")
}

/**
 * Throws a DiagnosticError where a group that is to be made would be frozen from its birth on, by one above it: who waits for a process in it
 * waits for ever. The stack's own group and its monitors' are thawed, as by each of its containers. Asked once for all in one parent.
 */
export function requireRunning(tree: Tree, path: string): void {
  const parent = parentOf(path)
  if (tree.running.has(parent)) return
  const own = ["", MONITORS].map((group) => switchOf(tree, group))
  for (const file of [...switchesOn(tree, parent), ...switchesOn(tree, MONITORS)]) {
    if (!own.includes(file)) throw new DiagnosticError(wouldRest(holdingFolder(tree, parent), file))
    tree.kernel.write(file, "0")
  }
  tree.running.add(parent)
}

function wouldRest(folder: string, by: string): Diagnostic {
  return error("frozen", `nothing that is begun in ${folder} would run: somebody has frozen it, or what it is in`, {
    hint: `this thaws it, and all else that is below: echo 0 > ${by}`,
  })
}

/** Without its monitors no container goes on for long: theirs is as good as the stack's own. */
function whole(path: string): string {
  return path === MONITORS ? "" : path
}

/**
 * Lets a group's processes run again: by its own switch and those of the stack's group and its monitors', and out of a frozen group of v1's freezer, which is
 * somebody's, into the next above that is not.
 */
export function thaw(tree: Tree, path: string, pid: number | undefined): void {
  const { kernel, layout } = tree
  const switches = layout.holding.version === 2 ? [path, "", MONITORS].map((one) => switchOf(tree, one)) : []
  for (const file of switches) if (kernel.read(file)?.trim() === "1") kernel.write(file, "0")
  const group = pid === undefined ? undefined : frozenFreezer(tree, kernel.read(`/proc/${pid}/cgroup`))
  if (group === undefined) return
  const above = ancestorsOf(group).find((one) => !isFrozen(kernel, `${layout.freezer}${one}`)) ?? ""
  for (const member of membersOf(kernel, holdingFolder(tree, path))) {
    if (freezerOf(kernel.read(`/proc/${member.pid}/cgroup`)) === group)
      kernel.write(`${layout.freezer}${above}/cgroup.procs`, String(member.pid))
  }
}

/** Keeps a group's processes from running, by its own switch; nothing where it has none (cgroup v1). */
export function freeze(tree: Tree, path: string): void {
  if (tree.layout.holding.version === 2) tree.kernel.write(switchOf(tree, path), "1")
}

function switchOf(tree: Tree, path: string): string {
  return `${holdingFolder(tree, path)}/cgroup.freeze`
}

function isHeld(tree: Tree, suspect: Suspect | undefined): boolean {
  return /^State:\tD/m.test(suspect?.status ?? "") && frozenFreezer(tree, suspect?.cgroup ?? null) !== undefined
}

/** The frozen group of v1's freezer that a process is in, by its /proc/PID/cgroup; undefined: none. */
function frozenFreezer({ kernel, layout }: Tree, text: string | null): string | undefined {
  const group = layout.freezer === undefined ? undefined : freezerOf(text)
  return group !== undefined && isFrozen(kernel, `${layout.freezer}${group}`) ? group : undefined
}

/** The path in the line of v1's freezer; undefined at its top, which is never frozen. */
function freezerOf(text: string | null): string | undefined {
  const path = /^\d+:(?:[^:]*,)?freezer(?:,[^:]*)?:(\/.*)$/m.exec(text ?? "")?.[1]
  return path === "/" ? undefined : path
}

function isFrozen(kernel: Kernel, folder: string): boolean {
  const state = kernel.read(`${folder}/freezer.state`)?.trim()
  return state === "FROZEN" || state === "FREEZING"
}

/** `/a/b` is below `/a`, and that below the top, "". */
function ancestorsOf(path: string): string[] {
  const above = path.slice(0, path.lastIndexOf("/"))
  return above === "" ? [""] : [above, ...ancestorsOf(above)]
}
