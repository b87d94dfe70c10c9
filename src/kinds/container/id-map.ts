import type { IdRange } from "./spec.ts"

/** /proc/PID/uid_map or gid_map, as the reader's user namespace sees it. user_namespaces(7) */
export function parseMap(text: string | null): IdRange[] {
  const rows = (text ?? "").trim().split("\n").filter(Boolean)
  return rows.map((row) => {
    const [container = 0, host = 0, count = 0] = row.trim().split(/\s+/).map(Number)
    return { container, host, count }
  })
}

/** The container's id of one outside; undefined where it has none. */
export function insideId(map: readonly IdRange[], host: number): number | undefined {
  const range = map.find((r) => host >= r.host && host < r.host + r.count)
  return range && range.container + host - range.host
}

/** The id outside of one of the container's; undefined where it is mapped to none. */
export function outsideId(map: readonly IdRange[], container: number): number | undefined {
  const range = map.find((r) => container >= r.container && container < r.container + r.count)
  return range && range.host + container - range.container
}
