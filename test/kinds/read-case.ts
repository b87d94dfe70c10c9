import { existsSync, readFileSync } from "node:fs"
import { parse } from "yaml"
import type { Adoption } from "../../src/model/imports.ts"
import type { Move } from "../../src/model/moves.ts"
import { pendingMoves } from "../../src/model/moves.ts"
import type { Attributes, Desired, Foreign, HostFacts, KindName, Observed, Resource, Snapshot } from "../../src/model/resource.ts"
import { afterMoves } from "../../src/observe/moved.ts"
import { observed, resource } from "./resources.ts"

/** `{ bridge: lan, mtu: 9000 }`: kind and name in the first key, then what differs from the defaults. */
type Item = { [key: string]: unknown }

interface DesiredFile {
  stack?: string
  resources?: Item[]
  /** What is observed under a former address is planned for as observation would give it. */
  moved?: Move[]
}

/** `incomplete`, `applied`, `live` and `without` (fields that cannot be told) stand beside the attributes. */
interface ObservedFile {
  resources?: Item[]
  foreign?: Foreign[]
  host?: Partial<HostFacts>
  /** What `import:` names: the resource as it is found, with `id`, `occupied` by whom, or the `problem`. */
  adoptions?: Item[]
}

const KINDS: readonly KindName[] = ["bridge", "cgroup", "container", "hosts", "image", "interface", "nat", "veth", "volume"]

export const HOST: HostFacts = {
  identity: { boot: "boot-1", netns: "1" },
  controllers: { memory: "v2", pids: "v2", cpu: "v2", io: "v2", cpuset: "v2", hugetlb: "v2", cgroup: "v2", swap: "v2" },
  takenIds: [],
  closedStacks: [],
  subordinateIds: { uid: [{ host: 100_000, count: 65_536_000 }], gid: [{ host: 100_000, count: 65_536_000 }] },
  missingCapabilities: [],
  missingToRead: [],
  absentDevices: [],
  absentFiles: [],
  absentNodes: [],
  absentImages: [],
  absentSources: [],
  unknownUsers: [],
  knownUsers: [],
}

/** One golden case: what is wanted, and what the kernel holds. */
export function readCase(folder: string): { desired: Desired; snapshot: Snapshot } {
  const { stack = "lab", resources = [], moved } = readYaml<DesiredFile>(`${folder}/desired.yaml`)
  const { resources: found = [], foreign = [], host = {}, adoptions } = readYaml<ObservedFile>(`${folder}/observed.yaml`)
  const all = found.map(toObserved)
  const desired = { stack, resources: resources.map(toResource), ...(moved === undefined ? {} : { moved }) }
  const snapshot = {
    resources: new Map(all.map((o) => [o.address, o])),
    foreign,
    host: { ...HOST, ...host },
    ...(adoptions === undefined ? {} : { adoptions: new Map(adoptions.map(toAdoption).map((one) => [one.entry.to, one])) }),
  }
  const { moves, blocked } = pendingMoves(desired, new Set(snapshot.resources.keys()))
  return { desired, snapshot: { ...(moves.size === 0 ? snapshot : afterMoves(snapshot, moves)), blocked } }
}

function toAdoption({ id, problem, occupied, ...item }: Item): Adoption {
  const observed = toObserved(item)
  const entry = { to: observed.address, id: id as string }
  if (problem !== undefined) return { entry, problem: problem as NonNullable<Adoption["problem"]> }
  const kept = occupied === undefined ? {} : { occupied: { by: occupied as string[], hint: "" } }
  return { entry, observed: { ...observed, ...kept } }
}

function readYaml<T extends object>(path: string): T {
  const empty = {} as T
  return existsSync(path) ? ((parse(readFileSync(path, "utf8")) as T | null) ?? empty) : empty
}

function toResource(item: Item): Resource {
  const kind = KINDS.find((k) => typeof item[k] === "string" && Object.keys(item)[0] === k)
  if (kind === undefined) throw new Error(`no kind and name in ${JSON.stringify(item)}`)
  const { [kind]: name, ...given } = item
  return resource(kind, name as string, given as Attributes)
}

/** What every container has whose file says nothing of it. */
function withUsualPids({ kind, attributes }: Resource): Attributes {
  return kind === "container" ? { ...attributes, limits: { pids: 1024, ...(attributes.limits as Attributes) } } : attributes
}

function toObserved({ incomplete, applied, live, without, ...item }: Item): Observed {
  const from = toResource(item)
  const attributes = Object.entries(withUsualPids(from)).filter(([key]) => !((without as string[] | undefined) ?? []).includes(key))
  return {
    ...observed(from),
    attributes: Object.fromEntries(attributes),
    ...(typeof incomplete === "string" ? { incomplete } : {}),
    ...(applied === undefined ? {} : { applied: { ...from.attributes, ...(applied as Attributes) } }),
    ...(live === undefined ? {} : { live: live as Observed["live"] }),
  }
}
