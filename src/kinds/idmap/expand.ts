import type { Entry, IdMaps, Path } from "../../model/entry.ts"
import type { IdRange } from "../container/spec.ts"

type RangeEntry = string | { containerID?: number; hostID?: number; size?: number }

/** An idmap as the file writes it. */
export interface IdmapEntry {
  uid?: RangeEntry[]
  gid?: RangeEntry[]
  size?: number
  unsafe?: boolean
}

/** What a container without an idmap gets. */
export const AUTOMATIC: IdMaps = { uid: { auto: 65536, orLess: true }, gid: { auto: 65536, orLess: true } }

/** The maps in canonical form (sorted by the ids inside, as the kernel keeps them); undefined where one is mistaken. */
export function expandIdmap(value: IdmapEntry, entry: Entry, at: Path): IdMaps | undefined {
  if (value.size !== undefined) {
    for (const key of ["uid", "gid"] as const) {
      if (entry.has([...at, key]))
        entry.report([...at, key], "bad-idmap", `\`${key}\` beside \`size\``, { hint: "either ranges, or the size of an automatic one" })
    }
    return { uid: { auto: value.size }, gid: { auto: value.size } }
  }
  if (value.uid === undefined) return withoutUid(entry, at)
  const uid = ranges(entry, [...at, "uid"], value.uid, value.unsafe)
  const gid =
    value.gid === undefined ? (entry.has([...at, "gid"]) ? undefined : uid) : ranges(entry, [...at, "gid"], value.gid, value.unsafe)
  return uid === undefined || gid === undefined ? undefined : { uid, gid }
}

function withoutUid(entry: Entry, at: Path): undefined {
  if (!entry.has([...at, "uid"]) && !entry.has([...at, "size"])) {
    entry.report(at, "missing-key", "an idmap without `uid` or `size`", {
      hint: 'write `uid: ["0 100000 65536"]`, or `size: 65536` for an automatic range',
    })
  }
  return undefined
}

/** Ids are 32 bits, and the last stands for "none". */
const END_OF_IDS = 2 ** 32 - 1

function ranges(entry: Entry, path: Path, list: readonly RangeEntry[], unsafe = false): IdRange[] | undefined {
  if (list.some(isPart)) return undefined
  const found = list.map((item, i) => ({ path: [...path, i], range: rangeOf(item) }))
  let right = true
  const refuse = (at: Path, summary: string, hint: string) => {
    entry.report(at, "bad-idmap", summary, { hint })
    right = false
  }
  for (const [i, { path: at, range }] of found.entries()) {
    const text = `${range.container} ${range.host} ${range.count}`
    if (range.count < 1) refuse(at, `range "${text}" maps nothing`, "the third number counts the ids")
    else if (range.container + range.count > END_OF_IDS || range.host + range.count > END_OF_IDS)
      refuse(at, `range "${text}" goes beyond the last id`, "ids are less than 4294967295")
    else if (range.host === 0 && !unsafe)
      refuse(
        at,
        "host id 0 is mapped: a container with the host's root is no boundary",
        "map host ids from 100000 upwards; or say in the idmap that this is meant: `unsafe: true`",
      )
    const clash = found.slice(0, i).find((other) => meets(other.range, range))
    if (clash !== undefined)
      refuse(
        at,
        `range "${text}" overlaps "${clash.range.container} ${clash.range.host} ${clash.range.count}"`,
        "each id is mapped once, on both sides",
      )
  }
  if (right && !found.some(({ range }) => range.container === 0))
    refuse(path, "id 0 of the container is not mapped", 'begin with a range such as "0 100000 65536": its root owns its files')
  return right ? found.map((f) => f.range).sort((a, b) => a.container - b.container) : undefined
}

/** Some of its numbers are mistaken or missing, which the schema has told. */
function isPart(item: RangeEntry): boolean {
  return typeof item !== "string" && (item.containerID === undefined || item.hostID === undefined || item.size === undefined)
}

function meets(a: IdRange, b: IdRange): boolean {
  const overlap = (x: number, y: number) => x < y + b.count && y < x + a.count
  return overlap(a.container, b.container) || overlap(a.host, b.host)
}

/** `u 0 100000 65536` (LXC), `0 100000 65536`, or OCI's map. */
function rangeOf(item: RangeEntry): IdRange {
  if (typeof item !== "string") return { container: item.containerID ?? 0, host: item.hostID ?? 1, count: item.size ?? 1 }
  const [container = 0, host = 0, count = 0] = item
    .trim()
    .replace(/^[ugb]\s+/, "")
    .split(/\s+/)
    .map(Number)
  return { container, host, count }
}
