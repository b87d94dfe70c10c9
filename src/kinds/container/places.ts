import { layerFolderOf, runFolderOf } from "../../model/ownership.ts"
import type { Value } from "../../model/resource.ts"
import type { Step } from "../../model/step.ts"

/** Where what is there of a container is, which may not be where its name says: the file may have given it another. */
export interface ContainerPlaces {
  folder: string
  layer: string
  /** The group that was made for it, below `…/stack/STACK`; known by its place even when no record is left. */
  group: string
  /** All that may be its: several where an apply was killed that was to give it another one. */
  groups: readonly string[]
}

export function placesOf({ change }: Step, stack: string): ContainerPlaces {
  const { runFolder, layer, cgroup, groups } = (change.observed?.live ?? {}) as { [key: string]: Value | undefined }
  const parent = change.observed?.attributes.cgroup
  const byName = typeof parent === "string" && parent !== "" ? `${parent}/${change.name}` : change.name
  const group = typeof cgroup === "string" && cgroup !== "" ? cgroup : byName
  return {
    folder: typeof runFolder === "string" ? runFolder : runFolderOf(stack, change.name),
    layer: typeof layer === "string" ? layer : layerFolderOf(stack, change.name),
    group,
    groups: Array.isArray(groups) ? (groups as string[]) : [group],
  }
}
