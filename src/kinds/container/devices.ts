import { DiagnosticError, error } from "../../base/diagnostic.ts"
import type { DeviceProgram } from "../../devices/program.ts"
import { deviceProgram } from "../../devices/program.ts"
import type { DeviceRule } from "../../devices/rule.ts"
import { allRules } from "../../devices/rule.ts"
import type { Kernel } from "../../kernel/kernel.ts"
import type { ContainerAttributes } from "./spec.ts"
import type { DeviceNode } from "./spec-devices.ts"

/** A device of the host's, looked at, and its path in the container. */
export interface HostNode {
  source: string
  target: string
  type: DeviceRule["type"]
  major: number
  minor: number
}

type Numbers = Pick<HostNode, "type" | "major" | "minor">

/** What stands at a path of the host's; undefined where that is no device. */
export function deviceAt(kernel: Kernel, source: string): Numbers | undefined {
  const status = kernel.stat(source)
  if (status === null || status.device === "") return undefined
  const [major = 0, minor = 0] = status.device.split(":").map(Number)
  return { type: status.type === "block device" ? "block" : "char", major, minor }
}

/** Throws a DiagnosticError where one is gone since it was planned with. */
export function hostNodes(kernel: Kernel, devices: readonly DeviceNode[]): HostNode[] {
  return devices.map(({ source, target }) => {
    const numbers = deviceAt(kernel, source)
    if (numbers === undefined)
      throw new DiagnosticError(error("no-device", `this host has no device ${source}`, { hint: "`ls -l /dev` shows what it has" }))
    return { source, target, ...numbers }
  })
}

/** A stack has few sorts of containers: each program is assembled once. */
const ASSEMBLED = new Map<string, DeviceProgram>()

/** What holds a group to the usual devices and these. */
export function assembled(more: readonly DeviceRule[]): DeviceProgram {
  const key = JSON.stringify(more)
  const known = ASSEMBLED.get(key)
  if (known !== undefined) return known
  const program = deviceProgram(allRules(more))
  ASSEMBLED.set(key, program)
  return program
}

/**
 * What holds a container's group to the usual devices and these; undefined where nothing is to. Throws a DiagnosticError where the host
 * does not have one.
 */
export function programOf(
  kernel: Kernel,
  { devices, all_devices }: Pick<ContainerAttributes, "devices" | "all_devices">,
): DeviceProgram | undefined {
  if (all_devices) return undefined
  const nodes = hostNodes(kernel, devices)
  return assembled(nodes.map(({ type, major, minor }, i) => ({ type, major, minor, access: devices[i]?.access ?? "" })))
}
