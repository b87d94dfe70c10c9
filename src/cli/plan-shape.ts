import { splitAddress } from "../base/address.ts"
import type { Shape } from "../base/shape.ts"
import { either, listOf, mapOf, oneOf, record, text, textLike, truth, whole, wrongIn } from "../base/shape.ts"
import { kinds } from "../kinds/catalog.ts"
import { sharedWith } from "../kinds/container/expand.ts"
import type { ContainerAttributes } from "../kinds/container/spec.ts"
import { volumesIn } from "../kinds/container/spec-mounts.ts"
import { imageAddress, isKept } from "../kinds/image/spec.ts"
import type { InterfaceAttributes } from "../kinds/interface/spec.ts"
import type { NatAttributes } from "../kinds/nat/spec.ts"
import type { VethAttributes } from "../kinds/veth/spec.ts"
import type { Import } from "../model/imports.ts"
import { DESTRUCTION_ASKED } from "../model/plan.ts"
import type { KindName, Resource } from "../model/resource.ts"
import { ATTRIBUTES, NAMES } from "./attribute-shapes.ts"
import { STACK_NAME } from "./stack-file.ts"

/** A resource as a plan file keeps it. */
export type KeptResource = Omit<Resource, "range">

const onReplace = either(oneOf("replace", "none"), record({ update: text() }))
const reference = record({ address: text(), onReplace }, { onKept: truth })
const addresses = listOf(text())

const resource: Shape = (value, path) => {
  const rough = record(
    { kind: oneOf(...Object.keys(kinds)), address: text(), name: text(), attributes: () => undefined, references: listOf(reference) },
    { partOf: text(), ignoreDrift: listOf(text()), preventDestroy: truth },
  )(value, path)
  if (rough !== undefined) return rough
  const { kind, address, name, attributes } = value as { kind: KindName; address: string; name: string; attributes: unknown }
  if (!NAMES[kind].test(name)) return `${path}.name is no name of a ${kind}`
  if (address !== `${kind}.${name}`) return `${path}.address is not ${kind}.${name}`
  return ATTRIBUTES[kind](attributes, `${address}: attributes`)
}

const anything: Shape = () => undefined
const hash = textLike(/^[0-9a-f]{16}$/, "fingerprint")
const count = whole(0, 1_000_000)
const imported = textLike(/^([^\s/:%]{1,15}|(\/[^/\n]+)+)$/, "name of a link or path of a cgroup")
const address = text("address", (value) => {
  const { kind, name } = splitAddress(value)
  return Object.hasOwn(NAMES, kind) && NAMES[kind as KindName].test(name)
})
const change = record(
  {
    ...{ address: text(), kind: oneOf(...Object.keys(kinds)), name: text(), cause: text(), drift: truth },
    ...{ before: anything, after: anything },
    action: oneOf("no-op", "create", "update", "replace", "delete"),
    fields: listOf(record({ path: text(), forcesReplacement: truth }, { before: anything, after: anything, drift: truth })),
  },
  { movedFrom: address, adopts: imported, endedBy: text(), keeps: truth },
)

const planFile = record(
  {
    format: text(),
    stack: textLike(STACK_NAME, "name of a stack"),
    resources: listOf(resource),
    selection: record({ target: addresses, exclude: addresses, replace: addresses }),
    basis: record({
      host: record({ boot: text(), netns: text() }),
      objects: mapOf(text(), mapOf(text(), anything)),
      changes: mapOf(text(), hash),
      fingerprint: hash,
    }),
    shown: record({
      changes: listOf(change),
      steps: listOf(record({ id: text(), op: text(), address: text(), cause: text(), after: addresses })),
      summary: record({ add: count, change: count, destroy: count }, { adopt: count }),
      hasChanges: truth,
    }),
    digest: textLike(/^[0-9a-f]{64}$/, "digest"),
  },
  {
    ...{ moved: listOf(record({ from: address, to: address })), imports: listOf(record({ to: address, id: imported })) },
    ...{ allVolumes: truth, unwanted: oneOf(DESTRUCTION_ASKED) },
  },
)

/** What is wrong with the form of a plan file, in words; undefined where nothing is. */
export function planFileProblem(kept: unknown): string | undefined {
  const { resources, imports = [] } = kept as { resources: KeptResource[]; imports?: readonly Import[] }
  return wrongIn(planFile, kept, "") ?? unlikeness(resources) ?? unknownImport(imports, resources)
}

/** What is adopted is a resource of the plan, of a kind that can be. */
function unknownImport(imports: readonly Import[], resources: readonly KeptResource[]): string | undefined {
  const unknown = imports.find(({ to }) => !resources.some(({ address, kind }) => address === to && ADOPTABLE.has(kind)))
  return unknown === undefined ? undefined : `imports names ${unknown.to}, which cannot be adopted`
}

const ADOPTABLE: ReadonlySet<KindName> = new Set(["bridge", "cgroup", "veth"])

/** What each resource is told of the others must be there, and be told alike everywhere. */
function unlikeness(resources: readonly KeptResource[]): string | undefined {
  const known = new Map(resources.map((one) => [one.address, one]))
  if (known.size < resources.length) return "resources: one address stands twice"
  for (const one of resources) {
    const absent = [...one.references.map(({ address }) => address), ...mentioned(one)].find((address) => !known.has(address))
    if (absent !== undefined) return `${one.address} names ${absent}, which is not there`
    const misplaced = misplacement(one)
    if (misplaced !== undefined) return misplaced
  }
  const [circle] = waitingForEachOther(resources)
  return circle === undefined ? undefined : `${circle} waits for itself`
}

/** Addresses in the attributes. */
function mentioned({ kind, attributes }: KeptResource): string[] {
  if (kind === "interface") {
    const { bridge, container } = attributes as unknown as InterfaceAttributes
    return bridge === undefined ? [container] : [bridge, container]
  }
  if (kind === "veth") return (attributes as unknown as VethAttributes).endpoints.map((e) => e.container).filter((c) => c !== "host")
  if (kind === "nat")
    return Object.values((attributes as unknown as NatAttributes).ports).flatMap((to) => (Array.isArray(to) ? [] : [to.interface]))
  if (kind !== "container") return []
  const { cgroup, image, mounts } = attributes as unknown as ContainerAttributes
  return [
    ...(isKept(image) ? [imageAddress(image)] : []),
    ...(cgroup === "" ? [] : [`cgroup.${cgroup}`]),
    ...volumesIn(mounts).map((name) => `volume.${name}`),
    ...waitedFor(attributes as unknown as ContainerAttributes),
  ]
}

function waitedFor({ depends_on, namespaces }: ContainerAttributes): string[] {
  const owners = Object.values(namespaces).flatMap((mode) => sharedWith(mode) ?? [])
  return [...depends_on, ...owners.map((name) => `container.${name}`)]
}

/** An interface is a part of the container that its name begins with; nothing else is a part. */
function misplacement({ kind, name, address, attributes, partOf }: KeptResource): string | undefined {
  if (kind !== "interface") return partOf === undefined ? undefined : `${address} is a part of ${partOf}`
  const { container, interface: inside } = attributes as unknown as InterfaceAttributes
  if (`container.${name}` !== `${container}.${inside}`) return `${address} is ${inside} of ${container}`
  return partOf === container ? undefined : `${address} is not a part of ${container}`
}

/** Containers that can never be started: those are taken away whose needs are, until none is left or no more goes. */
function waitingForEachOther(resources: readonly KeptResource[]): string[] {
  const containers = resources.filter(({ kind }) => kind === "container")
  const needs = new Map(containers.map((one) => [one.address, waitedFor(one.attributes as unknown as ContainerAttributes)]))
  for (let before = -1; before !== needs.size; ) {
    before = needs.size
    for (const [address, wanted] of needs) if (!wanted.some((other) => needs.has(other))) needs.delete(address)
  }
  return [...needs.keys()]
}
