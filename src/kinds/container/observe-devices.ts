import type { DeviceProgram } from "../../devices/program.ts"
import type { DeviceRule } from "../../devices/rule.ts"
import type { Kernel } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import { assembled, deviceAt } from "./devices.ts"
import { groupPath } from "./kind-group-path.ts"
import type { ContainerRecord } from "./record.ts"
import type { DeviceNode } from "./spec-devices.ts"

/** Whether the groups that were made for containers are held to the devices of their records; nothing where there is none. */
export function observedPrograms(scope: Scope, records: ReadonlyMap<string, ContainerRecord | undefined>): ReadonlyMap<string, string> {
  const wanted = new Map<string, DeviceProgram>()
  const groups: [name: string, group: string][] = []
  for (const [name, record] of records) {
    if (record === undefined || record.attributes.all_devices) continue
    const group = groupPath(name, record.attributes)
    groups.push([name, group])
    // A device that is gone has no number to be allowed by: what is attached is another's.
    wanted.set(group, assembled(presentRules(scope.kernel, record.attributes.devices)))
  }
  const held = scope.cgroups.held(wanted)
  return new Map(groups.flatMap(([name, group]) => (held.get(group) === undefined ? [] : [[name, held.get(group) as string]])))
}

function presentRules(kernel: Kernel, devices: readonly DeviceNode[]): DeviceRule[] {
  return devices.flatMap(({ source, access }) => {
    const numbers = deviceAt(kernel, source)
    return numbers === undefined ? [] : [{ ...numbers, access }]
  })
}
