import type { Address } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import { error, warning } from "../base/diagnostic.ts"
import { hash32 } from "../base/hash.ts"
import type { ContainerAttributes, IdRange } from "../kinds/container/spec.ts"
import type { Attributes, Resource, Snapshot, Value } from "../model/resource.ts"

/** Automatic ranges are cut in slots of this size, counted from where the host's range begins, unless the host has few ids. */
const USUAL_SLOT = 65_536

interface HostRange {
  host: number
  count: number
}

type MapName = "uid_map" | "gid_map"

export interface ChosenMaps {
  /** By address of a container: the maps that were automatic. */
  maps: ReadonlyMap<Address, Attributes>
  diagnostics: Diagnostic[]
}

/** A host id range for every `{auto: size}` map, none overlapping another's. `containers` in an order that is not chance. */
export function chooseIdRanges(stack: string, containers: readonly Resource[], snapshot: Snapshot): ChosenMaps {
  const uid = chooseMaps("uid_map", stack, containers, snapshot)
  const gid = chooseMaps("gid_map", stack, containers, snapshot)
  const maps = new Map<Address, Attributes>()
  for (const { address } of containers) {
    const [uids, gids] = [uid.chosen.get(address), gid.chosen.get(address)]
    if (uids === undefined && gids === undefined) continue
    maps.set(address, { ...(uids && { uid_map: copied(uids) }), ...(gids && { gid_map: copied(gids) }) })
  }
  const unsure = uid.fresh || gid.fresh ? unknownIds(snapshot.host.closedStacks) : []
  return { maps, diagnostics: [...unsure, ...uid.diagnostics, ...gid.diagnostics] }
}

function copied(ranges: readonly IdRange[]): Value {
  return ranges.map((range) => ({ ...range }))
}

function chooseMaps(field: MapName, stack: string, containers: readonly Resource[], snapshot: Snapshot) {
  const { subordinateIds } = snapshot.host
  const ranges: readonly HostRange[] = field === "uid_map" ? subordinateIds.uid : subordinateIds.gid
  const piece = snapshot.host.idPiece ?? USUAL_SLOT
  const slots = new Slots(ranges, piece)
  for (const range of [...snapshot.host.takenIds, ...explicitRanges(field, containers)]) slots.take(range)
  const chosen = new Map<Address, readonly IdRange[]>()
  const waiting: { resource: Resource; size: number }[] = []
  for (const resource of containers) {
    const size = automaticSize(resource, field, piece)
    if (size === undefined) continue
    if (hasImageOfUser(resource, field, snapshot)) {
      chosen.set(resource.address, idsOfUser(ranges))
      continue
    }
    const kept = keptRange(snapshot, resource, field, size)
    if (kept !== undefined && slots.isFree(kept)) {
      slots.take(kept)
      chosen.set(resource.address, [kept])
    } else waiting.push({ resource, size })
  }
  if (waiting.length === 0) return { chosen, diagnostics: [], fresh: false }
  const doomed = slots.among(doomedRanges(field, containers, snapshot))
  const diagnostics: Diagnostic[] = []
  for (const { resource, size } of waiting) {
    // Stacks often call their containers by the same names.
    const name = `${stack}/${resource.name}`
    const host = slots.find(name, size, doomed) ?? slots.find(name, size, new Set())
    if (host === undefined) diagnostics.push(exhausted(resource, field, size, ranges, piece))
    else {
      const range = { container: 0, host, count: size }
      slots.take(range)
      chosen.set(resource.address, [range])
    }
  }
  return { chosen, diagnostics, fresh: true }
}

/**
 * An ordinary user may not mount files so that they show other ids (mount_setattr(2)): the files of an image show those that they have, and
 * the container has the user's, unless the file names a size.
 */
function hasImageOfUser({ attributes }: Resource, field: MapName, { host }: Snapshot): boolean {
  const { image, namespaces, [field]: map } = attributes as unknown as ContainerAttributes
  return host.rootless !== undefined && image !== "host" && namespaces.mount === "new" && !Array.isArray(map) && map.orLess === true
}

/** All of them, each as itself; 0 is the user, and a range of a map lies in one of the ranges above it: user_namespaces(7). */
function idsOfUser(subordinate: readonly HostRange[]): IdRange[] {
  return [{ host: 0, count: 1 }, ...subordinate].map(({ host, count }) => ({ container: host, host, count }))
}

function unknownIds(stacks: readonly string[]): Diagnostic[] {
  if (stacks.length === 0) return []
  const [whose, hold] = stacks.length === 1 ? [`stack ${stacks[0]}`, "holds"] : [`stacks ${stacks.join(", ")}`, "hold"]
  return [
    warning("unknown-ids", `the ids that ${whose} ${hold} cannot be read: the ranges chosen here may not be those of an apply`, {
      hint: "run it as root",
    }),
  ]
}

/** Where the host has few ids, and the file names no size, a piece is enough. */
function automaticSize(resource: Resource, field: MapName, piece: number): number | undefined {
  const map = (resource.attributes as unknown as ContainerAttributes)[field]
  if (Array.isArray(map)) return undefined
  return map.orLess ? Math.min(map.auto, piece) : map.auto
}

function explicitRanges(field: MapName, containers: readonly Resource[]): HostRange[] {
  return containers.flatMap((c) => {
    const map = (c.attributes as unknown as ContainerAttributes)[field]
    return Array.isArray(map) ? map : []
  })
}

/** What the container has now, if it is one whole range of the wanted size. */
function keptRange(snapshot: Snapshot, { address }: Resource, field: MapName, size: number): IdRange | undefined {
  const map = snapshot.resources.get(address)?.attributes[field] as unknown as IdRange[] | undefined
  const [range, ...others] = Array.isArray(map) ? map : []
  return range !== undefined && others.length === 0 && range.container === 0 && range.count === size ? range : undefined
}

/** Ranges of containers that are going to be removed: better not handed out while they may still run. */
function doomedRanges(field: MapName, containers: readonly Resource[], snapshot: Snapshot): HostRange[] {
  const wanted = new Set(containers.map((c) => c.address))
  const gone = [...snapshot.resources.values()].filter((o) => o.kind === "container" && !wanted.has(o.address))
  return gone.flatMap((o) => (Array.isArray(o.attributes[field]) ? (o.attributes[field] as unknown as IdRange[]) : []))
}

function exhausted(resource: Resource, field: MapName, size: number, ranges: readonly HostRange[], piece: number): Diagnostic {
  const file = field === "uid_map" ? "/etc/subuid" : "/etc/subgid"
  const range = resource.range(field) ?? resource.range()
  return error("ids-exhausted", `no range of ${size} ids is left for ${resource.address}`, {
    detail: `${file} gives ${ranges.map((r) => `${r.host}-${r.host + r.count - 1}`).join(", ") || "nothing"}, in pieces of ${piece}`,
    hint: `give root a larger range in ${file}, or name an idmap that containers share`,
    address: resource.address,
    ...(range === undefined ? {} : { range }),
  })
}

/** The host's ranges as numbered slots, and which of them are taken. */
class Slots {
  readonly #ranges: readonly (HostRange & { first: number; slots: number })[]
  readonly #count: number
  readonly #piece: number
  readonly #taken = new Set<number>()

  constructor(ranges: readonly HostRange[], piece: number) {
    this.#piece = piece
    let first = 0
    this.#ranges = ranges.map((range) => {
      const numbered = { ...range, first, slots: Math.floor(range.count / piece) }
      first += numbered.slots
      return numbered
    })
    this.#count = first
  }

  take(range: HostRange): void {
    for (const slot of this.#touched(range)) this.#taken.add(slot)
  }

  /** Lies within the host's ranges, and on no taken slot. */
  isFree(range: HostRange): boolean {
    const inside = this.#ranges.some((r) => range.host >= r.host && range.host + range.count <= r.host + r.slots * this.#piece)
    return inside && !this.#touched(range).some((slot) => this.#taken.has(slot))
  }

  among(ranges: readonly HostRange[]): Set<number> {
    return new Set(ranges.flatMap((range) => this.#touched(range)))
  }

  /** The first host id of `size` free ones, by the hash of a name; undefined when there are none. */
  find(name: string, size: number, avoid: ReadonlySet<number>): number | undefined {
    const need = Math.max(1, Math.ceil(size / this.#piece))
    const free = (slot: number) => !this.#taken.has(slot) && !avoid.has(slot)
    const start = hash32(`ids/${name}`)
    for (let probe = 0; probe < this.#count; probe++) {
      const slot = (start + probe) % this.#count
      if (this.#fits(slot, need, free)) return this.#hostOf(slot)
    }
    return undefined
  }

  #fits(slot: number, need: number, free: (slot: number) => boolean): boolean {
    const range = this.#ranges.find((r) => slot < r.first + r.slots)
    if (range === undefined || slot + need > range.first + range.slots) return false
    for (let i = 0; i < need; i++) if (!free(slot + i)) return false
    return true
  }

  #hostOf(slot: number): number | undefined {
    const range = this.#ranges.find((r) => slot < r.first + r.slots)
    return range === undefined ? undefined : range.host + (slot - range.first) * this.#piece
  }

  #touched({ host, count }: HostRange): number[] {
    return this.#ranges.flatMap((r) => {
      const from = Math.max(0, Math.floor((host - r.host) / this.#piece))
      const to = Math.min(r.slots - 1, Math.floor((host + count - 1 - r.host) / this.#piece))
      return to < from ? [] : Array.from({ length: to - from + 1 }, (_, i) => r.first + from + i)
    })
  }
}
