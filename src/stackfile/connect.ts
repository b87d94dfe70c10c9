import { sharedWith } from "../kinds/container/expand.ts"
import { containerRelations } from "../kinds/container/relations.ts"
import type { ContainerAttributes, NamespaceMode } from "../kinds/container/spec.ts"
import type { Condition } from "../kinds/container/spec-health.ts"
import { hasHealthcheck } from "../kinds/container/spec-health.ts"
import { hasConfig } from "../kinds/image/spec.ts"
import type { Path } from "../model/entry.ts"
import type { Draft, DraftContainer } from "./resolve.ts"
import { checkRestarts } from "./restarts.ts"

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
  checkRestarts([...draft.containers, ...draft.spare])
  for (const veth of draft.veths) connectVeth(draft, veth)
  draft.veths = draft.veths.filter((veth) =>
    veth.attributes.endpoints.every((end) => end.container === "host" || !isLeftOut(draft, end.container)),
  )
}

/** One that the file does not have is not: what else is wrong with the pair is told, too. */
function isLeftOut(draft: Draft, address: string): boolean {
  return called(draft, address.slice("container.".length))?.active === false
}

/** What a name in the file may stand for: a container, all of its replicas, or one of them (`web[0]`). */
interface Called {
  base: string
  active: boolean
  /** Those of `replicas: 0` too. */
  instances: readonly DraftContainer[]
}

/** Undefined where the file has no such name. No instances: it is mistaken, or has no such replica. */
function called(draft: Draft, name: string): Called | undefined {
  const whole = draft.names.get(name)
  if (whole !== undefined) return { base: name, ...whole }
  const base = name.replace(/\[\d+\]$/, "")
  const replicated = base === name ? undefined : draft.names.get(base)
  if (replicated === undefined) return undefined
  return { base, active: replicated.active, instances: replicated.instances.filter((one) => one.name === name && !one.instance.spare) }
}

type Tell = (code: string, summary: string, rest: { hint: string }) => void

/** Who is called so; undefined, and told, where nobody is. */
function find(draft: Draft, name: string, tell: Tell, words = { also: "", spelt: (near: string) => near }): Called | undefined {
  const found = called(draft, name)
  if (found === undefined) {
    const [index = ""] = /\[\d+\]$/.exec(name) ?? []
    const base = name.slice(0, name.length - index.length)
    const near = draft.suggest(base, [...draft.names.keys(), ...(words.also === "" ? [] : [words.also])])
    const others = `name a container of this file${words.also === "" ? "" : `, or \`${words.also}\``}`
    tell("unknown-reference", `no container is called \`${name}\``, {
      hint: near === undefined ? others : `did you mean \`${words.spelt(near + index)}\`?`,
    })
    return undefined
  }
  const all = draft.names.get(found.base)?.instances ?? []
  if (found.base === name || found.instances.length > 0 || all.length === 0) return found
  tell("unknown-reference", `container.${found.base} has no replica \`${name}\``, { hint: replicasHint(found.base, all) })
  return undefined
}

function replicasHint(base: string, all: readonly DraftContainer[]): string {
  if (all[0]?.instance.spare === true) return "it has `replicas: 0`"
  return all[0]?.name === base ? `it has no \`replicas\`: call it \`${base}\`` : `the last is \`${all.at(-1)?.name}\``
}

// ---------------------------------------------------------------- depends_on

function nameDependencies(draft: Draft, container: DraftContainer): void {
  const written = container.value.depends_on
  const names = Array.isArray(written) ? written : Object.keys(written ?? {})
  const conditions: ContainerAttributes["conditions"] = {}
  const addresses = names.flatMap((name, i) => {
    const path: Path = Array.isArray(written) ? ["depends_on", i] : ["depends_on", name]
    const found = dependency(draft, container, name, path)
    const condition = Array.isArray(written) ? undefined : written?.[name]?.condition
    if (condition === undefined || condition === "service_started") return found
    if (condition === "service_healthy") requireHealthcheck(draft, container, name, path)
    for (const address of found) conditions[address] = condition as Condition
    return found
  })
  const sorted = Object.fromEntries(Object.entries(conditions).sort(([a], [b]) => (a < b ? -1 : 1)))
  container.attributes = { ...container.attributes, depends_on: [...new Set(addresses)].sort(), conditions: sorted }
}

/** What an image that has a configuration says of it is known later. */
function requireHealthcheck(draft: Draft, { entry }: DraftContainer, name: string, path: Path): void {
  const [other] = called(draft, name)?.instances ?? []
  if (other === undefined || hasConfig(other.attributes.image) || hasHealthcheck(other.attributes.healthcheck)) return
  if (other.entry.has(["healthcheck"]) && other.value.healthcheck?.disable !== true) return
  entry.report([...path, "condition"], "no-healthcheck", `container.${name} has no healthcheck: it is never healthy`, {
    hint: `give it one (\`healthcheck: { test: [CMD, …] }\`), or wait for \`service_started\``,
  })
}

function dependency(draft: Draft, { entry, instance }: DraftContainer, name: string, path: Path): string[] {
  const other = find(draft, name, (code, summary, rest) => entry.reportKey(path, code, summary, rest))
  if (other === undefined) return []
  if (name === instance.base || name === instance.name) {
    entry.reportKey(path, "dependency-cycle", `container.${name} depends on itself`, { hint: "take it out" })
    return []
  }
  if (!other.active) {
    entry.reportKey(path, "inactive-dependency", `container.${other.base} is left out: none of its profiles is active`, {
      hint: `activate one (${profilesOf(draft, other.base)}), or give both containers the same profiles`,
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
  const way = new Set([container.name])
  const owner = followed(draft, other, kind, owners, way)
  for (const name of way) if (name !== container.name) owners.set(`${kind} ${name}`, owner)
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
  const [teller] = called(draft, start)?.instances ?? []
  teller?.entry.report(["namespaces", kind], "namespace-cycle", `nobody owns the ${kind} namespace: ${[...names, start].join(" -> ")}`, {
    hint: `let one of them have a namespace of its own: \`${kind}: new\``,
  })
  return "new"
}

/** The one container of a name. Why there is none is told by the container that names it itself. */
function single(draft: Draft, teller: DraftContainer | undefined, name: string, path: Path): DraftContainer | undefined {
  const tell: Tell = (code, summary, rest) => teller?.entry.report(path, code, summary, rest)
  const other = teller === undefined ? called(draft, name) : find(draft, name, tell, { also: "", spelt: (near) => `container:${near}` })
  const [one] = other?.instances ?? []
  if (other === undefined || one === undefined) return undefined
  if (one.name !== name) {
    const hint = one.instance.spare ? "it has `replicas: 0`" : `name one of them: \`container:${one.name}\``
    tell("ambiguous-reference", `container.${name} has replicas: which one's namespace is meant?`, { hint })
    return undefined
  }
  if (!other.active) {
    tell("inactive-dependency", `container.${other.base} is left out: none of its profiles is active`, {
      hint: `activate one (${profilesOf(draft, other.base)}), or give both containers the same profiles`,
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
    const tell: Tell = (code, summary, rest) => entry.report(path, code, summary, rest)
    const [one] = find(draft, name, tell, { also: "host", spelt: (near) => near })?.instances ?? []
    if (one === undefined || one.name === name) continue
    tell("ambiguous-reference", `container.${name} has replicas: a pair has one end in one container`, {
      hint: one.instance.spare ? "it has `replicas: 0`" : `name one of them: \`${one.name}\``,
    })
  }
}
