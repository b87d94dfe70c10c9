import type { IdRange } from "../../kinds/container/spec.ts"
import type { Draft, DraftContainer } from "../resolve.ts"
import { placeText } from "./spots.ts"

interface Held {
  range: IdRange
  container: DraftContainer
  /** Those of one family share their ids on purpose. */
  family: string
  i: number
}

/** Host ids that two unrelated containers would both have, and users that no map has. */
export function checkIds(draft: Draft): void {
  const told = new Set<string>()
  for (const key of ["uid_map", "gid_map"] as const) {
    const held = draft.containers.flatMap((container, i): Held[] => {
      const map = container.attributes[key]
      const family = typeof container.value.idmap === "string" ? `idmap ${container.value.idmap}` : container.name
      return Array.isArray(map) ? map.map((range) => ({ range, container, family, i })) : []
    })
    checkOverlaps(held, key, told)
  }
  for (const container of draft.containers) checkUser(container)
}

/** A sweep over the ranges by their first id: each is compared with the one that reaches furthest. */
function checkOverlaps(held: readonly Held[], key: "uid_map" | "gid_map", told: Set<string>): void {
  const sorted = [...held].sort((a, b) => a.range.host - b.range.host || a.i - b.i)
  const end = ({ range }: Held) => range.host + range.count
  let furthest: Held | undefined
  for (const one of sorted) {
    if (furthest !== undefined && one.range.host < end(furthest) && one.family !== furthest.family) tell(furthest, one, key, told)
    if (furthest === undefined || end(one) > end(furthest)) furthest = one
  }
}

function tell(a: Held, b: Held, key: "uid_map" | "gid_map", told: Set<string>): void {
  const [first, second] = a.i < b.i ? [a, b] : [b, a]
  const place = placeText({ source: second.container.source, path: ["idmap"] })
  if (told.has(place)) return
  told.add(place)
  const from = Math.max(a.range.host, b.range.host)
  const to = Math.min(a.range.host + a.range.count, b.range.host + b.range.count) - 1
  const other = placeText({ source: first.container.source, path: ["idmap"] })
  const what = key === "uid_map" ? "user" : "group"
  const whose = place === other ? "every replica" : `${first.container.entry.address} (${other})`
  second.container.entry.report(["idmap"], "id-overlap", `host ${what} ids ${from} to ${to} are those of ${whose} too`, {
    detail: "Containers with the same host ids can reach each other's processes and files.",
    hint: "choose another range, leave `idmap` out for a free one, or share ids on purpose by one name under `idmaps:`",
  })
}

/** A user by number that the map of the container does not hold. */
function checkUser({ attributes, entry, value }: DraftContainer): void {
  const [user = "", group] = attributes.user.split(":")
  const added = (value.group_add ?? []).map((id, at) => [String(id), attributes.gid_map, "group", ["group_add", at]] as const)
  for (const [id, map, what, path] of [
    [user, attributes.uid_map, "user", ["user"]] as const,
    [group ?? "", attributes.gid_map, "group", ["user"]] as const,
    ...added,
  ]) {
    if (!/^\d+$/.test(id) || (Array.isArray(map) && map.length === 0)) continue
    const number = Number(id)
    const inside = Array.isArray(map) ? map.some((r) => r.container <= number && number < r.container + r.count) : number < map.auto
    if (!inside)
      entry.report(path, "unmapped-user", `${what} id ${id} is in no range of the container's idmap`, {
        hint: "choose a mapped id, or map it",
      })
  }
}
