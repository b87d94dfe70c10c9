import type { Address } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import type { BridgeEntry } from "../kinds/bridge/expand.ts"
import { expandBridge } from "../kinds/bridge/expand.ts"
import type { BridgeAttributes } from "../kinds/bridge/spec.ts"
import type { CgroupEntry } from "../kinds/cgroup/expand.ts"
import { expandCgroup } from "../kinds/cgroup/expand.ts"
import type { CgroupAttributes } from "../kinds/cgroup/spec.ts"
import type { ContainerEntry } from "../kinds/container/expand.ts"
import { expandContainer } from "../kinds/container/expand.ts"
import type { SourceEntry } from "../kinds/container/expand-given.ts"
import { expandSource } from "../kinds/container/expand-given.ts"
import type { ContainerAttributes } from "../kinds/container/spec.ts"
import type { GivenSource } from "../kinds/container/spec-given.ts"
import type { HostsAttributes } from "../kinds/hosts/spec.ts"
import type { IdmapEntry } from "../kinds/idmap/expand.ts"
import { expandIdmap } from "../kinds/idmap/expand.ts"
import type { InterfaceEntry } from "../kinds/interface/expand.ts"
import { expandInterface } from "../kinds/interface/expand.ts"
import type { InterfaceAttributes } from "../kinds/interface/spec.ts"
import type { NatAttributes } from "../kinds/nat/spec.ts"
import type { VethEntry } from "../kinds/veth/expand.ts"
import { expandVeth } from "../kinds/veth/expand.ts"
import type { VethAttributes } from "../kinds/veth/spec.ts"
import type { VolumeEntry } from "../kinds/volume/expand.ts"
import { expandVolume } from "../kinds/volume/expand.ts"
import type { VolumeAttributes } from "../kinds/volume/spec.ts"
import type { Entry, Expanded, IdMaps, KnownBridge, Path } from "../model/entry.ts"
import type { KindName } from "../model/resource.ts"
import type { Surroundings } from "./entry.ts"
import { makeEntry, sectionOf, unknownName } from "./entry.ts"
import type { DraftMove } from "./moved.ts"
import { movesIn, originOf } from "./moved.ts"
import type { DraftPort } from "./nats.ts"
import { natsOf } from "./nats.ts"
import type { MapEntry, MapNode, Node } from "./node.ts"
import { child } from "./node.ts"
import type { Instance } from "./replicas.ts"
import type { Suggest } from "./suggest.ts"

/** A resource on its way: what the file says of it beside what is wanted. */
export interface Drafted<A, V> extends Expanded<A> {
  kind: KindName
  name: string
  /** What the file says, as plain data. */
  value: V
  entry: Entry
  source: MapEntry
}

export type DraftBridge = Drafted<BridgeAttributes, BridgeEntry>
/** With the spots of its ports, by what is published. */
export type DraftNat = Drafted<NatAttributes, BridgeEntry> & { spots: ReadonlyMap<string, { source: MapEntry; path: Path }> }
export type DraftCgroup = Drafted<CgroupAttributes, CgroupEntry>
export type DraftVeth = Drafted<VethAttributes, VethEntry>
export type DraftVolume = Drafted<VolumeAttributes, VolumeEntry>
export type DraftInterface = Drafted<InterfaceAttributes, InterfaceEntry> & { container: DraftContainer; placed: boolean }
export interface DraftContainer extends Drafted<ContainerAttributes, ContainerEntry> {
  instance: Instance
  interfaces: DraftInterface[]
}

/** The whole stack, expanded, each kind in the order of the file. */
export interface Draft {
  stack: string
  bridges: DraftBridge[]
  /** Those of the bridges that have it. */
  nats: DraftNat[]
  ports: DraftPort[]
  cgroups: DraftCgroup[]
  veths: DraftVeth[]
  volumes: DraftVolume[]
  /** None of them is mistaken as a whole. */
  allVeths: boolean
  containers: DraftContainer[]
  /** Of `replicas: 0` one each: looked at, not wanted. */
  spare: DraftContainer[]
  interfaces: DraftInterface[]
  moved: DraftMove[]
  /** The names by which its containers find each other; filled in when they are connected. */
  hosts?: HostsAttributes | undefined
  /** The addresses of all that the file holds, mistaken or left out by its profiles too; of replicas also those without a number. */
  declared: ReadonlySet<Address>
  /** All names that `containers:` holds, those left out by their profiles too. */
  names: ReadonlyMap<string, { instances: readonly DraftContainer[]; active: boolean }>
  diagnostics: Diagnostic[]
  suggest: Suggest
}

/** Short forms and defaults become canonical attributes. `plain` has passed the schema; `instances` are the containers. */
export function resolve(
  stack: string,
  root: MapNode,
  plain: { [key: string]: unknown },
  instances: readonly Instance[],
  surroundings: Surroundings,
  halfway: () => void = () => undefined,
): Draft {
  const moved = movesIn(root, plain)
  const around = { ...surroundings, originOf: originOf(moved) }
  const cgroups = expandSection<CgroupEntry, CgroupAttributes>(stack, "cgroup", root, plain, around, expandCgroup)
  const bridges = expandSection<BridgeEntry, BridgeAttributes>(stack, "bridge", root, plain, around, expandBridge)
  const volumes = expandSection<VolumeEntry, VolumeAttributes>(stack, "volume", root, plain, around, expandVolume)
  const idmaps = expandIdmaps(stack, root, plain, around)
  const lookups = {
    bridge: lookup(around, root, "bridges", knownBridges(bridges)),
    cgroup: lookup(around, root, "cgroups", attributesByName(cgroups)),
    secret: lookup(around, root, "secrets", expandSources(stack, "secret", root, plain, around)),
    config: lookup(around, root, "configs", expandSources(stack, "config", root, plain, around)),
    volume: lookup(around, root, "volumes", attributesByName(volumes)),
    idmap: lookup(around, root, "idmaps", idmaps),
  }
  const full = { ...around, ...lookups }
  const half = instances.length >> 1
  const drafted = instances.map((instance, i) => {
    if (i === half) halfway()
    return draftContainer(stack, instance, full)
  })
  const veths = expandSection<VethEntry, VethAttributes>(stack, "veth", root, plain, full, expandVeth)
  const active = drafted.filter((c) => c.instance.active)
  const containers = active.filter((c) => !c.instance.spare)
  return {
    stack,
    bridges,
    ...natsOf(bridges, containers),
    cgroups,
    veths,
    volumes,
    allVeths: veths.length === namesIn(root, "veths").length,
    containers,
    spare: active.filter((c) => c.instance.spare),
    interfaces: containers.flatMap((c) => c.interfaces),
    moved,
    declared: declaredIn(root, drafted),
    names: namesOf(root, drafted),
    diagnostics: around.diagnostics,
    suggest: around.suggest,
  }
}

function knownBridges(bridges: readonly DraftBridge[]): Map<string, KnownBridge> {
  return new Map(bridges.map((bridge) => [bridge.name, { ...bridge.attributes, whole: hasItsAddresses(bridge) }]))
}

/** A bridge whose addresses are not all understood says nothing of what may not be on it. */
export function hasItsAddresses({ attributes, value, entry }: DraftBridge): boolean {
  return attributes.address.length > 0 ? attributes.address.length === [value.address ?? []].flat().length : !entry.has(["address"])
}

function attributesByName<A>(drafts: readonly Drafted<A, unknown>[]): Map<string, A> {
  return new Map(drafts.map((d) => [d.name, d.attributes]))
}

function expandSection<V, A>(
  stack: string,
  kind: KindName,
  root: MapNode,
  plain: { [key: string]: unknown },
  around: Surroundings,
  expand: (value: V, entry: Entry) => Expanded<A> | undefined,
): Drafted<A, V>[] {
  return sectionOf(root, plain, `${kind}s`).flatMap(({ name, source, value }) => {
    const entry = makeEntry({ stack, kind, name, source }, around)
    const expanded = expand((value ?? {}) as V, entry)
    return expanded === undefined ? [] : [{ kind, name, value: (value ?? {}) as V, entry, source, ...expanded }]
  })
}

function expandIdmaps(stack: string, root: MapNode, plain: { [key: string]: unknown }, around: Surroundings): Map<string, IdMaps> {
  const found = new Map<string, IdMaps>()
  for (const { name, source, value } of sectionOf(root, plain, "idmaps")) {
    const maps = expandIdmap((value ?? {}) as IdmapEntry, makeEntry({ stack, kind: "idmap", name, source }, around), [])
    if (maps !== undefined) found.set(name, maps)
  }
  return found
}

function expandSources(stack: string, kind: "secret" | "config", root: MapNode, plain: { [key: string]: unknown }, around: Surroundings) {
  const found = new Map<string, GivenSource>()
  for (const { name, source, value } of sectionOf(root, plain, `${kind}s`)) {
    const from = expandSource((value ?? {}) as SourceEntry, makeEntry({ stack, kind, name, source }, around))
    if (from !== undefined) found.set(name, from)
  }
  return found
}

/** Those of mistaken entries too. */
export function namesIn(node: Node | undefined, section: string): string[] {
  const found = child(node, section)
  return found?.kind === "map" ? [...found.entries.keys()].filter((name) => !name.startsWith("x-")) : []
}

/** By name: what there is; silence where it is there but mistaken; else the nearest name is said. */
function lookup<T>({ suggest }: Surroundings, root: MapNode, section: string, found: ReadonlyMap<string, T>) {
  const names = namesIn(root, section)
  const known = new Set(names)
  return (name: string, path: Path, entry: Entry): T | undefined => {
    if (!known.has(name)) unknownName(suggest, entry, path, section.slice(0, -1), name, names)
    return found.get(name)
  }
}

function draftContainer(stack: string, instance: Instance, around: Surroundings): DraftContainer {
  const { name, source } = instance
  const value = instance.plain as ContainerEntry & { interfaces?: { [name: string]: InterfaceEntry } | null }
  const entry = makeEntry({ stack, kind: "container", name, source }, around)
  const draft: DraftContainer = {
    kind: "container",
    name,
    value,
    entry,
    source,
    instance,
    interfaces: [],
    ...expandContainer(value, entry),
  }
  const interfaces = child(source.value, "interfaces")
  for (const [inside, what] of Object.entries(value.interfaces ?? {})) {
    const at = interfaces?.kind === "map" ? interfaces.entries.get(inside) : undefined
    if (at === undefined || inside.startsWith("x-")) continue
    const its = makeEntry({ stack, kind: "interface", name: `${name}.${inside}`, source: at }, around)
    const expanded = expandInterface(what, its, name, inside)
    draft.interfaces.push({ kind: "interface", name: its.name, value: what, entry: its, source: at, container: draft, ...expanded })
  }
  return draft
}

function declaredIn(root: MapNode, drafted: readonly DraftContainer[]): Set<Address> {
  const sections = ["bridge", "cgroup", "idmap", "veth", "volume", "container"].flatMap((kind) =>
    namesIn(root, `${kind}s`).map((name) => `${kind}.${name}`),
  )
  const instances = drafted.filter(({ instance }) => !instance.spare)
  const interfaces = instances.flatMap(({ instance, name, interfaces: its }) =>
    its.flatMap((one) => [`interface.${one.name}`, `interface.${instance.base}${one.name.slice(name.length)}`]),
  )
  return new Set([...sections, ...instances.map(({ name }) => `container.${name}`), ...interfaces])
}

function namesOf(root: MapNode, drafted: readonly DraftContainer[]): Draft["names"] {
  const names = new Map<string, { instances: DraftContainer[]; active: boolean }>()
  for (const name of namesIn(root, "containers")) names.set(name, { instances: [], active: true })
  for (const container of drafted) {
    const known = names.get(container.instance.base)
    if (known === undefined) continue
    known.instances.push(container)
    known.active = container.instance.active
  }
  return names
}
