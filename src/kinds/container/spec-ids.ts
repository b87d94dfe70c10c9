import type { ContainerAttributes } from "./spec.ts"

/** Whether a container has an id, by its map or by how many ids a plan will choose for it; of `[]`, which is the host's own, none is told. */
export function isMapped(map: ContainerAttributes["uid_map"], id: number): boolean {
  return Array.isArray(map) ? map.some(({ container, count }) => container <= id && id < container + count) : id < map.auto
}
