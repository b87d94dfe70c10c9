import type { MapEntry, MapNode } from "./node.ts"

/** `later` over `earlier`: maps key by key, all else as a whole. Each node keeps its own file. */
export function mergeMaps(earlier: MapNode, later: MapNode): MapNode {
  const entries = new Map<string, MapEntry>(earlier.entries)
  for (const [key, entry] of later.entries) {
    const before = entries.get(key)
    const both = before?.value.kind === "map" && entry.value.kind === "map"
    entries.set(key, both ? { key: entry.key, value: mergeMaps(before.value as MapNode, entry.value as MapNode) } : entry)
  }
  return { ...later, entries }
}
