import type { Address } from "../../base/address.ts"
import type { Change, FieldChange } from "../../model/change.ts"
import type { Attributes } from "../../model/resource.ts"
import type { ContainerAttributes } from "./spec.ts"
import { NEVER_STARTED } from "./spec-life.ts"

/** Fields that are told by a namespace; and a command ends with the pid namespace that it is in. pid_namespaces(7) */
const TOLD_BY: { readonly [field: string]: keyof ContainerAttributes["namespaces"] } = {
  ...{ state: "pid", hostname: "uts", loopback: "net", routes: "net", rules: "net", neighbours: "net" },
}

/** The container by whose end alone a field may have come to differ. */
export function sharedWith({ path, after }: FieldChange, desired: Attributes): Address | undefined {
  const kind = TOLD_BY[path]
  const mode = kind === undefined ? after : (desired as unknown as ContainerAttributes).namespaces[kind]
  const isNamespace = kind !== undefined || path.startsWith("namespaces.")
  return isNamespace && typeof mode === "string" && mode.startsWith("container:") ? mode.replace(":", ".") : undefined
}

/** What has become of one: that its command has ended, or was never there. */
export function ending({ action, fields, observed }: Change): string | undefined {
  if (observed?.incomplete === NEVER_STARTED) return "was never started"
  const ended = action === "create" || observed?.live.monitor === undefined || fields.some(({ path }) => path === "state")
  return ended ? "has ended" : undefined
}
