import { groupAt } from "./cgroups.ts"
import type { Machine } from "./machine.ts"
import { refuse } from "./machine.ts"

/** In the place of the one before. */
export function attachProgram(machine: Machine, folder: string, name: string): void {
  const op = `attach a device program to ${folder}`
  const group = groupAt(machine, folder) ?? refuse(op, "ENOENT")
  if (group.hierarchy.version === 1) refuse(op, "EBADF")
  group.program = name
}

export function programsAt(machine: Machine, folder: string): string[] | null {
  const group = groupAt(machine, folder)
  if (group === undefined) return null
  return group.program === undefined ? [] : [group.program]
}
