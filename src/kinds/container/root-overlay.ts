import type { Diagnostic } from "../../base/diagnostic.ts"
import { DiagnosticError, error } from "../../base/diagnostic.ts"
import type { ContainerAttributes } from "./spec.ts"

/** In a user namespace of its own, overlayfs keeps its marks in `user.*` attributes, as it may not write `trusted.*`. */
export function overlayData(lower: readonly string[], upper: string, work: string, attributes: ContainerAttributes): string {
  const own = hasOwnIds(attributes) ? ",userxattr" : ""
  const data = `lowerdir=${lower.map(escaped).join(":")},upperdir=${escaped(upper)},workdir=${escaped(work)}${own}`
  if (Buffer.byteLength(data) >= MOUNT_DATA) throw new DiagnosticError(tooManyLayers(lower.length))
  return data
}

/** One page, the ending NUL with it: mount(2). */
const MOUNT_DATA = 4096

function tooManyLayers(count: number): Diagnostic {
  return error("too-many-layers", `an overlay of ${count} layers cannot be mounted: their paths fill more than a page`, {
    hint: "shorter names of stack and container give some room; an image that is built in fewer steps more",
  })
}

/** It has a user namespace of its own. */
function hasOwnIds({ uid_map }: ContainerAttributes): boolean {
  return Array.isArray(uid_map) && uid_map.length > 0
}

/** Overlayfs takes `:` and `,` and `\` in its options only behind a backslash. */
function escaped(path: string): string {
  return path.replace(/[\\:,]/g, "\\$&")
}
