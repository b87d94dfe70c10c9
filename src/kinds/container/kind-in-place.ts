import type { FieldChange } from "../../model/change.ts"
import type { Attributes, Observed, Value } from "../../model/resource.ts"
import type { ContainerAttributes } from "./spec.ts"
import { HOSTS, RESOLV_CONF } from "./spec-places.ts"

/**
 * Whether a mount can come or go while the container runs, and what is seen then is what a launch would show. A mount that is to be another
 * one at the same place would not be there for a moment; one above others would hide them, or take them along.
 */
export function isInPlace({ path, before, after }: FieldChange, desired: Attributes, { attributes, live }: Observed): boolean {
  if (!path.startsWith("mounts.") || (before !== undefined && after !== undefined)) return false
  if (attributes.state !== "running" || live.init === undefined) return false
  const [want, have] = [desired, attributes] as unknown as [ContainerAttributes, Partial<ContainerAttributes>]
  const target = path.slice("mounts.".length)
  if (want.namespaces.mount !== "new" || isTheSystems(target, want)) return false
  if (othersThatStay(want, have).some((other) => isBelow(other, target))) return false
  // In a root that is closed nothing can be made any more.
  return after === undefined ? isOfOurs(before) : !want.read_only && have.read_only === false
}

/** What the container itself has there, over which or below which mounts have an order of their own. */
function isTheSystems(target: string, { init }: ContainerAttributes): boolean {
  const own = [HOSTS, RESOLV_CONF, ...(init === "systemd" ? ["/run", "/tmp"] : [])]
  return own.some((place) => place === target || isBelow(place, target)) || isBelow(target, "/dev")
}

function othersThatStay(want: ContainerAttributes, have: Partial<ContainerAttributes>): string[] {
  const mounts = Object.keys(want.mounts).filter((target) => have.mounts !== undefined && target in have.mounts)
  return [...mounts, ...Object.keys(want.secrets), ...Object.keys(want.configs)]
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`)
}

/** Not what somebody else has put there, which is told by the number of its file system. */
function isOfOurs(mount: Value | undefined): boolean {
  const { type, source } = mount as { type: string; source?: string }
  return type !== "bind" || source?.startsWith("/") === true
}
