import type { Limits } from "../../kinds/cgroup/spec.ts"
import type { Kernel } from "../kernel.ts"
import { numberOfDevice } from "./devices.ts"
import type { Tree } from "./folders.ts"
import { holdingFolder } from "./folders.ts"
import { groupsIn } from "./members.ts"

/** What limits name and this host certainly does not have: block devices, and files of cgroup2. */
export interface Absent {
  devices: string[]
  files: string[]
}

export function absentFrom(tree: Tree, all: readonly Limits[]): Absent {
  const devices = new Set(all.flatMap(({ io = {} }) => Object.keys(io)))
  const files = new Set(all.flatMap(({ unified = {} }) => Object.keys(unified)))
  return {
    devices: [...devices].filter((device) => !isBlockDevice(tree.kernel, device)),
    files: files.size === 0 || tree.layout.holding.version !== 2 ? [] : absentFiles(tree, [...files]),
  }
}

const BLOCK_DEVICES = "/sys/dev/block"

/** Without a sysfs a number is taken for a device's. sysfs(5) */
function isBlockDevice(kernel: Kernel, device: string): boolean {
  const number = numberOfDevice(kernel, device)
  return number !== undefined && (kernel.stat(BLOCK_DEVICES) === null || kernel.stat(`${BLOCK_DEVICES}/${number}`) !== null)
}

/** A group shows which files its controllers have; the top of a hierarchy lacks most of them. Where no group has the controller, nothing is known. */
function absentFiles(tree: Tree, files: readonly string[]): string[] {
  const { kernel, layout } = tree
  const groups = [holdingFolder(tree, ""), ...groupsIn(kernel, layout.holding.top).map((name) => `${layout.holding.top}/${name}`)]
  const controllers = kernel.readMany(groups.map((folder) => `${folder}/cgroup.controllers`)).map((text) => text?.trim().split(/\s+/))
  return files.filter((file) => {
    const controller = file.slice(0, file.indexOf("."))
    const ofAll = controller === "cgroup" || file.endsWith(".pressure")
    const sample = groups[controllers.findIndex((names) => names !== undefined && (ofAll || names.includes(controller)))]
    return sample !== undefined && kernel.stat(`${sample}/${file}`) === null
  })
}
