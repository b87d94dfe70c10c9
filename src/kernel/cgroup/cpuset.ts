import { formatCpuList, parseCpuList } from "../../base/cpu.ts"
import { type Kernel, KernelError } from "../kernel.ts"
import type { Codec, Controller } from "./controller.ts"
import { limit } from "./controller.ts"

/**
 * An empty file is no limit. A group with members cannot go back to it, only to its parent's processors: so such a list
 * is a limit only where the stack file says so. https://docs.kernel.org/admin-guide/cgroup-v2.html#cpuset
 */
const v2: Codec = {
  files: ["cpuset.cpus", "../cpuset.cpus.effective"],
  read([own, parent], wanted) {
    const cpus = own?.trim() || undefined
    return limit("cpuset", cpus === parent?.trim() && wanted.cpuset === undefined ? undefined : cpus)
  },
  // Not by single writes: see setCpuset.
  writes: () => [],
}

/**
 * v1 knows no empty list: a group that is not limited has its parent's. Which of the two it is, is kept in
 * `cgroup.clone_children`: on (new groups copy their parent's list) where the list is only the parent's. A list that
 * differs from the parent's is a limit in any case. https://docs.kernel.org/admin-guide/cgroup-v1/cpusets.html
 */
const v1: Codec = {
  files: ["cpuset.cpus", "cgroup.clone_children", "../cpuset.cpus"],
  read([own, clone, parent]) {
    const cpus = own?.trim() || undefined
    return limit("cpuset", clone?.trim() === "1" && cpus === parent?.trim() ? undefined : cpus)
  },
  // As above.
  writes: () => [],
}

export const cpuset: Controller = { name: "cpuset", keys: ["cpuset"], v1, v2 }

/**
 * A new v1 group has no processor and no memory node until it is told: no process could enter. It gets its parent's. One that was
 * there and has its own list keeps it, also where that is the parent's; a run that was killed may have left one with none.
 */
export function inheritCpuset1(kernel: Kernel, folder: string, fresh: boolean): void {
  const parent = folder.slice(0, folder.lastIndexOf("/"))
  const isNew = fresh || textOf(kernel, `${folder}/cpuset.cpus`) === ""
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    // Where the parent's clone_children is on, the kernel has copied them.
    if (textOf(kernel, `${folder}/${file}`) === "") kernel.write(`${folder}/${file}`, textOf(kernel, `${parent}/${file}`))
  }
  if (isNew && textOf(kernel, `${folder}/cgroup.clone_children`) !== "1") kernel.write(`${folder}/cgroup.clone_children`, "1")
}

/** Limits a group to a list of processors, or (undefined) gives it all of its parent's. */
export function setCpuset(kernel: Kernel, version: 1 | 2, folder: string, list: string | undefined): void {
  const parent = folder.slice(0, folder.lastIndexOf("/"))
  if (version === 1) setCpuset1(kernel, folder, parent, list)
  else if (list !== undefined) kernel.write(`${folder}/cpuset.cpus`, list)
  else clearCpuset2(kernel, folder, parent)
}

function clearCpuset2(kernel: Kernel, folder: string, parent: string): void {
  try {
    kernel.write(`${folder}/cpuset.cpus`, "\n")
  } catch (failure) {
    if (!(failure instanceof KernelError) || failure.errno !== "ENOSPC") throw failure
    kernel.write(`${folder}/cpuset.cpus`, textOf(kernel, `${parent}/cpuset.cpus.effective`))
  }
}

/** Groups below that only have this one's list follow it. */
function setCpuset1(kernel: Kernel, folder: string, parent: string, list: string | undefined): void {
  setList(kernel, folder, list ?? textOf(kernel, `${parent}/cpuset.cpus`))
  kernel.write(`${folder}/cgroup.clone_children`, list === undefined ? "1" : "0")
}

/** A group's list must hold those of the groups below at every moment, so between the two it is the union of both. */
function setList(kernel: Kernel, folder: string, list: string): void {
  const before = textOf(kernel, `${folder}/cpuset.cpus`)
  const heirs = kernel
    .list(folder)
    .map((name) => `${folder}/${name}`)
    .filter((child) => textOf(kernel, `${child}/cgroup.clone_children`) === "1" && textOf(kernel, `${child}/cpuset.cpus`) === before)
  if (heirs.length > 0) {
    const union = [...new Set([...(parseCpuList(before) ?? []), ...(parseCpuList(list) ?? [])])].sort((a, b) => a - b)
    kernel.write(`${folder}/cpuset.cpus`, formatCpuList(union))
    for (const heir of heirs) setList(kernel, heir, list)
  }
  kernel.write(`${folder}/cpuset.cpus`, list)
}

function textOf(kernel: Kernel, path: string): string {
  return kernel.read(path)?.trim() ?? ""
}
