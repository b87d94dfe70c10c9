import type { ContainerAttributes, IdRange } from "../../kinds/container/spec.ts"
import { isMapped } from "../../kinds/container/spec-ids.ts"
import type { Entry, Path } from "../../model/entry.ts"
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
  for (const container of draft.containers) checkUsers(container)
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

/** Users by number that the map of the container does not hold. */
function checkUsers({ attributes, entry, value, interfaces }: DraftContainer): void {
  const { uid_map, gid_map } = attributes
  const [user = "", group] = attributes.user.split(":")
  checkMapped(entry, ["user"], "user", user, uid_map)
  checkMapped(entry, ["user"], "group", group ?? "", gid_map)
  for (const [at, id] of (value.group_add ?? []).entries()) checkMapped(entry, ["group_add", at], "group", String(id), gid_map)
  for (const { attributes: port, entry: own } of interfaces) {
    if (port.link?.kind !== "tap") continue
    checkMapped(own, ["tap", "owner"], "user", String(port.link.owner ?? ""), uid_map)
    checkMapped(own, ["tap", "group"], "group", String(port.link.group ?? ""), gid_map)
  }
}

function checkMapped(entry: Entry, path: Path, what: "user" | "group", id: string, map: ContainerAttributes["uid_map"]): void {
  if (!/^\d+$/.test(id) || (Array.isArray(map) && map.length === 0)) return
  if (!isMapped(map, Number(id)))
    entry.report(path, "unmapped-user", `${what} id ${id} is in no range of the container's idmap`, {
      hint: "choose a mapped id, or map it",
    })
}
