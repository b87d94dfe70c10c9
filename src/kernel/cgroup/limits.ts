import type { Limits } from "../../kinds/cgroup/spec.ts"
import type { Codec, Controller } from "./controller.ts"
import { cpu } from "./cpu.ts"
import { cpuset } from "./cpuset.ts"
import { io } from "./io.ts"
import type { CgroupLayout, Hierarchy } from "./layout.ts"
import { memory } from "./memory.ts"
import { pids } from "./pids.ts"

export const controllers: readonly Controller[] = [memory, cpu, cpuset, pids, io]

/** Controllers that hold any of these limits, in v2's names; `unified` files by the word before their first dot. */
export function neededControllers(limits: Limits): string[] {
  const own = controllers.filter((c) => c.keys.some((key) => limits[key] !== undefined)).map((c) => c.name)
  const unified = Object.keys(limits.unified ?? {}).filter((file) => !file.endsWith(".pressure"))
  return [...new Set([...own, ...unified.map((file) => file.slice(0, file.indexOf("."))).filter((name) => name !== "cgroup")])]
}

export function hierarchyOf(layout: CgroupLayout, controller: string): Hierarchy | undefined {
  return layout.hierarchies.find((h) => h.controllers.includes(controller))
}

export function codecFor(controller: Controller, hierarchy: Hierarchy): Codec {
  return hierarchy.version === 2 ? controller.v2 : controller.v1
}

export function sameLimit(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
