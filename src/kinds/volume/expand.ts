import type { Entry, Expanded } from "../../model/entry.ts"
import type { VolumeAttributes } from "./spec.ts"

/** A volume as the file writes it. */
export type VolumeEntry = { readonly [key: string]: unknown }

export function expandVolume(_value: VolumeEntry, _entry: Entry): Expanded<VolumeAttributes> {
  return { attributes: {}, references: [] }
}
