import { sharedWith } from "../kinds/container/expand.ts"
import { containerRelations } from "../kinds/container/relations.ts"
import type { ContainerAttributes, NamespaceMode } from "../kinds/container/spec.ts"
import type { Path } from "../model/entry.ts"
import type { Draft, DraftContainer } from "./resolve.ts"

type Kind = keyof ContainerAttributes["namespaces"]

/**
 * Names of other containers become addresses and references: `depends_on` (of replicas: all), namespaces that are
 * shared. A share of a share is one with its owner; a share of the host's is the host's.
 */
export function connect(draft: Draft): void {
  const owners: Owners = new Map()
  for (const container of [...draft.containers, ...draft.spare]) {
    nameDependencies(draft, container)
    nameOwners(draft, container, owners)
    container.references = containerRelations(container.attributes).references
  }
  for (const veth of draft.veths) connectVeth(draft, veth)
  draft.veths = draft.veths.filter((veth) =>
    veth.attributes.endpoints.every((end) => end.container === "host" || isThere(draft, end.container)),
  )
}

function isThere(draft: Draft, address: string): boolean {
  return draft.names.get(address.slice("container.".length).replace(/\[\d+\]$/, ""))?.active === true
}

// ---------------------------------------------------------------- depends_on

function nameDependencies(draft: Draft, container: DraftContainer): void {
  const written = container.value.depends_on
  const names = Array.isArray(written) ? written : Object.keys(written ?? {})
  const addresses = names.flatMap((name, i) => {
    const path: Path = Array.isArray(written) ? ["depends_on", i] : ["depends_on", name]
    return dependency(draft, container, name, path)
  })
  container.attributes = { ...container.attributes, depends_on: [...new Set(addresses)].sort() }
}

function dependency(draft: Draft, { entry, instance }: DraftContainer, name: string, path: Path): string[] {
  const other = draft.names.get(name)
  if (other === undefined) {
    const near = draft.suggest(name, draft.names.keys())
    const hint = near === undefined ? "name a container of this file" : `did you mean \`${near}\`?`
    entry.reportKey(path, "unknown-reference", `no container is called \`${name}\``, { hint })
    return []
  }
  if (name === instance.base) {
    entry.reportKey(path, "dependency-cycle", `container.${name} depends on itself`, { hint: "take it out" })
    return []
  }
  if (!other.active) {
    entry.reportKey(path, "inactive-dependency", `container.${name} is left out: none of its profiles is active`, {
      hint: `activate one (${profilesOf(draft, name)}), or give both containers the same profiles`,
    })
  }
  return other.instances.filter((one) => !one.instance.spare).map((one) => one.entry.address)
}

function profilesOf(draft: Draft, name: string): string {
  const [one] = draft.names.get(name)?.instances ?? []
  const profiles = (one?.instance.plain.profiles ?? []) as string[]
  return profiles.map((profile) => `--profile ${profile}`).join(", ")
}

// ---------------------------------------------------------------- namespaces

function nameOwners(draft: Draft, container: DraftContainer, known: Owners): void {
  const modes = { ...container.attributes.namespaces }
  for (const kind of Object.keys(modes) as Kind[]) {
    if (sharedWith(modes[kind]) !== undefined) modes[kind] = ownerOf(draft, container, kind, known)
  }
  container.attributes = { ...container.attributes, namespaces: modes }
}

/** Whose namespace one shares who shares with a container, by kind and the container's name. */
type Owners = Map<string, NamespaceMode>

/** The mode that comes to the same without a container in between; `new` where there is none, which is reported. */
function ownerOf(draft: Draft, container: DraftContainer, kind: Kind, owners: Owners): NamespaceMode {
  const next = sharedWith((container.value.namespaces?.[kind] ?? "new") as NamespaceMode) ?? ""
  const other = single(draft, container, next, ["namespaces", kind])
  if (other === undefined) return "new"
  const way = new Set([container.instance.base])
  const owner = followed(draft, other, kind, owners, way)
  for (const name of way) if (name !== container.instance.base) owners.set(`${kind} ${name}`, owner)
  return owner
}

/** Walks from container to container up to the one that owns the namespace. `way` takes the names on it. */
function followed(draft: Draft, from: DraftContainer, kind: Kind, owners: Owners, way: Set<string>): NamespaceMode {
  let at: DraftContainer | undefined = from
  while (at !== undefined) {
    const known = owners.get(`${kind} ${at.name}`)
    if (known !== undefined) return known
    if (way.has(at.name)) return circle(draft, kind, [...way], at.name)
    way.add(at.name)
    const mode = (at.value.namespaces?.[kind] ?? "new") as NamespaceMode
    const next = sharedWith(mode)
    if (next === undefined) return mode === "host" ? "host" : `container:${at.name}`
    at = single(draft, undefined, next, [])
  }
  return "new"
}

/** Told once, at a container of the circle: the others then find their owner known. */
function circle(draft: Draft, kind: Kind, way: readonly string[], start: string): NamespaceMode {
  const names = way.slice(way.indexOf(start))
  const [teller] = draft.names.get(start)?.instances ?? []
  teller?.entry.report(["namespaces", kind], "namespace-cycle", `nobody owns the ${kind} namespace: ${[...names, start].join(" -> ")}`, {
    hint: `let one of them have a namespace of its own: \`${kind}: new\``,
  })
  return "new"
}

/** The one container of a name. Why there is none is told by the container that names it itself. */
function single(draft: Draft, teller: DraftContainer | undefined, name: string, path: Path): DraftContainer | undefined {
  const other = draft.names.get(name)
  if (other === undefined) {
    const near = draft.suggest(name, draft.names.keys())
    const hint = near === undefined ? "name a container of this file" : `did you mean \`container:${near}\`?`
    teller?.entry.report(path, "unknown-reference", `no container is called \`${name}\``, { hint })
    return undefined
  }
  const [one] = other.instances
  if (one !== undefined && one.name !== name) {
    teller?.entry.report(path, "ambiguous-reference", `container.${name} has replicas: which one's namespace is meant?`, {
      hint: "share that of a container without `replicas`",
    })
    return undefined
  }
  if (!other.active) {
    teller?.entry.report(path, "inactive-dependency", `container.${name} is left out: none of its profiles is active`, {
      hint: `activate one (${profilesOf(draft, name)}), or give both containers the same profiles`,
    })
  }
  return one
}

// --------------------------------------------------------------------- veths

function connectVeth(draft: Draft, { attributes, entry, value }: Draft["veths"][number]): void {
  for (const [i, end] of attributes.endpoints.entries()) {
    if (end.container === "host") continue
    const name = end.container.slice("container.".length)
    const path: Path = typeof value.endpoints?.[i] === "string" ? ["endpoints", i] : ["endpoints", i, "container"]
    const other = draft.names.get(name)
    const [one] = other?.instances ?? []
    if (other === undefined) {
      const near = draft.suggest(name, [...draft.names.keys(), "host"])
      entry.report(path, "unknown-reference", `no container is called \`${name}\``, {
        hint: near === undefined ? "name a container of this file, or `host`" : `did you mean \`${near}\`?`,
      })
    } else if (one !== undefined && one.name !== name) {
      entry.report(path, "ambiguous-reference", `container.${name} has replicas: a pair has one end in one container`, {
        hint: "name a container without `replicas`",
      })
    }
  }
}
