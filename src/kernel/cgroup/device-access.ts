import type { DeviceProgram } from "../../devices/program.ts"
import { PROGRAM_MARK } from "../../devices/program.ts"
import { ruleLine } from "../../devices/rule.ts"
import type { Holding } from "../../model/driver.ts"
import { KernelError } from "../kernel.ts"
import { moveMembers } from "./change.ts"
import type { Tree } from "./folders.ts"
import { exists, folderOf, holdingFolder, makeFolder } from "./folders.ts"
import type { Hierarchy } from "./layout.ts"

/** v1's, where the groups are in no cgroup2. */
export function deviceHierarchy({ layout }: Tree): Hierarchy[] {
  return layout.holding.version === 2 ? [] : layout.hierarchies.filter((h) => h.controllers.includes("devices"))
}

/** See StackGroups: a program on cgroup2, which works on a hybrid host as well, else the files of v1's controller. */
export function allowDevices(tree: Tree, path: string, program: DeviceProgram): void {
  if (tree.layout.delegated) return
  if (tree.layout.holding.version === 2) {
    tree.kernel.attachDevices(holdingFolder(tree, path), program)
    return
  }
  const [hierarchy] = deviceHierarchy(tree)
  if (hierarchy === undefined)
    throw new KernelError("allow devices", "EOPNOTSUPP", "this host has neither cgroup2 nor the devices controller of cgroup v1")
  const fresh = !exists(tree, folderOf(tree, hierarchy, path))
  if (fresh) makeFolder(tree, hierarchy, path)
  allowByFiles(tree, folderOf(tree, hierarchy, path), program)
  if (fresh) moveMembers(tree, hierarchy, path)
}

/** Only what differs is written: a group with others below it cannot be denied everything. cgroup-v1/devices.rst, "Hierarchy" */
function allowByFiles({ kernel }: Tree, folder: string, { rules }: DeviceProgram): void {
  const wanted = rules.map(ruleLine)
  const present = linesOf(kernel.read(`${folder}/devices.list`))
  const isOpen = present.includes(EVERYTHING)
  if (isOpen) kernel.write(`${folder}/devices.deny`, "a")
  else for (const line of present) if (!wanted.includes(line)) kernel.write(`${folder}/devices.deny`, line)
  for (const line of wanted) if (isOpen || !present.includes(line)) kernel.write(`${folder}/devices.allow`, line)
}

const EVERYTHING = "a *:* rwm"

function linesOf(text: string | null): string[] {
  return (text ?? "").split("\n").filter(Boolean)
}

/** See StackGroups. Nothing is said of a group that is not there. */
export function heldDevices(tree: Tree, wanted: ReadonlyMap<string, DeviceProgram>): Map<string, Holding> {
  if (tree.layout.delegated) return new Map()
  const paths = [...wanted.keys()]
  if (tree.layout.holding.version === 2) {
    const names = tree.kernel.devicePrograms(paths.map((path) => holdingFolder(tree, path)))
    return new Map(paths.flatMap((path, i) => heldBy(path, names[i] ?? null, wanted.get(path)?.name ?? "")))
  }
  const [hierarchy] = deviceHierarchy(tree)
  if (hierarchy === undefined) return new Map()
  const texts = tree.kernel.readMany(paths.map((path) => `${folderOf(tree, hierarchy, path)}/devices.list`))
  return new Map(paths.map((path, i) => [path, heldTo(texts[i] ?? null, wanted.get(path)?.rules.map(ruleLine) ?? [])]))
}

/** What others have attached beside it can only forbid more. */
function heldBy(path: string, names: readonly string[] | null, name: string): [string, Holding][] {
  if (names === null) return []
  const ours = names.filter((one) => one.startsWith(PROGRAM_MARK))
  return [[path, ours.includes(name) ? "attached" : ours.length === 0 ? "absent" : "other"]]
}

function heldTo(text: string | null, wanted: readonly string[]): Holding {
  const present = linesOf(text)
  if (text === null || present.includes(EVERYTHING)) return "absent"
  return present.length === wanted.length && wanted.every((line) => present.includes(line)) ? "attached" : "other"
}
