import type { Attributes, Value } from "../../model/resource.ts"
import type { ContainerRecord } from "./record.ts"
import type { ContainerAttributes, IdRange } from "./spec.ts"

/** Its map of groups, as it was made. */
export function recordedMap({ attributes: { gid_map } }: ContainerRecord): IdRange[] {
  return Array.isArray(gid_map) ? gid_map : []
}

/** Of one that is gone, or was never made: what only the record can tell, and what its removal and its next ids go by. */
export function remainingAttributes(a: ContainerAttributes): Attributes {
  const { uid_map, gid_map, cgroup, namespaces } = a
  return { ...recordedAttributes(a), uid_map, gid_map, cgroup, namespaces } as unknown as Attributes
}

/** Those that only the record can tell. */
const RECORDED = [
  ...["image", "ephemeral", "argv", "environment", "working_dir", "user", "group_add", "init", "unmask", "all_devices", "devices"],
  ...["stop_signal", "stop_grace_period", "restart", "labels", "depends_on", "conditions", "healthcheck"],
] as const satisfies readonly string[]

export function recordedAttributes(a: ContainerAttributes): Attributes {
  const known = a as unknown as Attributes
  const found: { [name: string]: Value } = {}
  for (const name of RECORDED) found[name] = known[name] as Value
  return found
}
