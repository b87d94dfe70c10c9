import type { Address } from "../../base/address.ts"
import { expandBridge } from "../../kinds/bridge/expand.ts"
import type { BridgeAttributes } from "../../kinds/bridge/spec.ts"
import { spellBridge } from "../../kinds/bridge/spell.ts"
import type { CgroupAttributes } from "../../kinds/cgroup/spec.ts"
import { spellCgroup } from "../../kinds/cgroup/spell.ts"
import type { ContainerAttributes } from "../../kinds/container/spec.ts"
import { spellSources } from "../../kinds/container/spell-given.ts"
import type { HostsAttributes } from "../../kinds/hosts/spec.ts"
import type { LinkAttributes } from "../../kinds/interface/spec.ts"
import type { NatAttributes } from "../../kinds/nat/spec.ts"
import { spellNat } from "../../kinds/nat/spell.ts"
import { expandVeth } from "../../kinds/veth/expand.ts"
import type { VethAttributes } from "../../kinds/veth/spec.ts"
import { spellVeth } from "../../kinds/veth/spell.ts"
import type { KindName, Observed } from "../../model/resource.ts"
import type { SpeltMap } from "../../model/spelt.ts"
import { filled, withoutAbsent } from "../../model/spelt.ts"
import { bareEntry } from "./bare-entry.ts"
import { spellContainers } from "./containers.ts"
import { escaped } from "./escaped.ts"
import type { UsualMaps } from "./idmaps.ts"
import { spellIdmaps } from "./idmaps.ts"
import { resolversIn, spellResolver } from "./resolvers.ts"

/** What is live, to be written as a stack file. */
export interface Live {
  stack: string
  resources: readonly Observed[]
  usualMaps: UsualMaps
  /** Entries of `import:`, for resources that bear no mark yet. */
  imports?: readonly SpeltMap[]
}

/** The stack file as plain data, and what is not in it, each with the reason. */
export interface SpeltStack {
  document: SpeltMap
  left: { address: Address; why: string }[]
}

/** A stack file of what is live: sorted, as short as its meaning allows, dollar signs such that they mean themselves. */
export function spellStack({ stack, resources, usualMaps, imports = [] }: Live): SpeltStack {
  const left = unspeakable(resources)
  const out = new Set(left.map(({ address }) => address))
  const all = resources.filter(({ address }) => !out.has(address)).sort((a, b) => ORDER.compare(a.name, b.name))
  const resolvers = resolversIn(all)
  const ofResolvers = new Set(resolvers.flatMap((one) => [one.container, one.interface]))
  const sorted = all.filter(({ address }) => !ofResolvers.has(address))
  const of = (kind: KindName) => sorted.filter((one) => one.kind === kind)
  const idmaps = spellIdmaps(of("container"), usualMaps)
  const containers = spellContainers({
    stack,
    containers: of("container"),
    interfaces: of("interface"),
    veths: of("veth"),
    bridges: of("bridge"),
    nats: of("nat"),
    hosts: hostsIn(resources),
    resolvers,
    idmaps: idmaps.of,
  })
  const document = withoutAbsent({
    name: stack,
    bridges: section(of("bridge"), (one) => ({ ...bridge(stack, one, of("nat")), ...spellResolver(one.address, resolvers) })),
    veths: section(of("veth"), (one) => veth(stack, one)),
    idmaps: filled(escaped(idmaps.section) as SpeltMap),
    cgroups: section(of("cgroup"), ({ attributes }) => spellCgroup(attributes as unknown as CgroupAttributes)),
    volumes: section(of("volume"), () => ({})),
    secrets: sources(of("container"), "secrets"),
    configs: sources(of("container"), "configs"),
    containers: filled(containers.section),
    import: imports.length === 0 ? undefined : imports.map(escaped),
  })
  return { document, left: [...left, ...containers.left] }
}

const ORDER = new Intl.Collator("en", { numeric: true })

/** What a file cannot ask for: what is half-made, and what nobody can tell any more; with what hangs on it. */
function unspeakable(resources: readonly Observed[]): SpeltStack["left"] {
  const known = new Set(resources.map(({ address }) => address))
  const broken = resources.flatMap(({ kind, address, attributes, incomplete }) => {
    // A container that only lost its process is started again by what its record says.
    const told = kind === "container" ? attributes.argv !== undefined : incomplete === undefined
    return told && (kind !== "container" || attributes.limits !== undefined)
      ? []
      : [{ address, why: incomplete ?? "it cannot be read whole" }]
  })
  const gone = new Set(broken.map(({ address }) => address))
  const hanging = resources.flatMap(({ kind, address, attributes }) => {
    if (gone.has(address)) return []
    const missing = holders(kind, attributes).find((holder) => gone.has(holder) || !known.has(holder))
    return missing === undefined ? [] : [{ address, why: `${missing} is not there, or not whole` }]
  })
  return [...broken, ...hanging]
}

/** None, where no container has an address. */
function hostsIn(resources: readonly Observed[]): HostsAttributes {
  const found = resources.find(({ kind }) => kind === "hosts")?.attributes
  return (found as unknown as HostsAttributes | undefined) ?? { names: {}, own: {} }
}

function holders(kind: KindName, attributes: Observed["attributes"]): Address[] {
  if (kind === "interface" && attributes.link !== undefined) return [attributes.container as Address, ...lowerOf(attributes)]
  if (kind === "interface") return [attributes.container as Address, (attributes.bridge ?? "a bridge of the stack") as Address]
  if (kind !== "veth") return []
  return (attributes as unknown as VethAttributes).endpoints.map((end) => end.container).filter((container) => container !== "host")
}

/** Of a link that lies on another one of its container, that one. */
function lowerOf({ link, parent, container }: Observed["attributes"]): Address[] {
  const { link: name } = link as unknown as LinkAttributes
  return name === undefined ? [] : [(parent ?? `${name} of ${container}`) as Address]
}

function sources(containers: readonly Observed[], key: "secrets" | "configs"): SpeltMap | undefined {
  const found = spellSources(
    key,
    containers.map(({ attributes }) => attributes as unknown as ContainerAttributes),
  )
  return found === undefined ? undefined : (escaped(found) as SpeltMap)
}

function section(resources: readonly Observed[], spell: (one: Observed) => SpeltMap): SpeltMap | undefined {
  return filled(Object.fromEntries(resources.map((one) => [one.name, escaped(spell(one)) as SpeltMap])))
}

function bridge(stack: string, { name, attributes }: Observed, nats: readonly Observed[]): SpeltMap {
  const usual = expandBridge({}, bareEntry(stack, "bridge", name)).attributes
  // An ageing time that the kernel does not tell for now is taken to be the usual one.
  const have = { ...usual, ...(attributes as unknown as BridgeAttributes) }
  const nat = nats.find((one) => one.name === name)?.attributes as NatAttributes | undefined
  return spellBridge(have, usual, nat === undefined ? {} : spellNat(nat, have.interface))
}

function veth(stack: string, { name, attributes }: Observed): SpeltMap {
  const have = attributes as unknown as VethAttributes
  const endpoints = have.endpoints.map((end) => ({ container: end.container.replace(/^container\./, ""), interface: end.interface }))
  const usual = expandVeth({ endpoints }, bareEntry(stack, "veth", name))?.attributes
  return spellVeth(have, usual ?? have)
}
