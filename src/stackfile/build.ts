import type { Diagnostic } from "../base/diagnostic.ts"
import { error, hasErrors } from "../base/diagnostic.ts"
import type { Desired } from "../model/resource.ts"
import { MAX_CONTAINERS } from "./bounds.ts"
import { check } from "./checks/check.ts"
import { connect } from "./connect.ts"
import { desiredOf } from "./desired.ts"
import { documentOf } from "./document.ts"
import { parseDotenv } from "./dotenv.ts"
import type { EnvFile, Surroundings } from "./entry.ts"
import type { FileText } from "./files.ts"
import { absolutePath, readText, shownPath } from "./files.ts"
import { connectHosts } from "./hosts.ts"
import { importsOf } from "./imports.ts"
import type { MapEntry, MapNode } from "./node.ts"
import { child, spotRange, toPlain } from "./node.ts"
import { connectOwnLinks } from "./own-links.ts"
import { connectParents } from "./parents.ts"
import { unknownProfiles } from "./profiles.ts"
import type { Instance, Template } from "./replicas.ts"
import { hasReplicas, indexedSource, instancesOf, replicasOf } from "./replicas.ts"
import { resolve } from "./resolve.ts"
import { checkResolvers, connectResolvers, resolverInstances } from "./resolvers.ts"
import { substitute } from "./substitute.ts"
import type { Suggest } from "./suggest.ts"
import { suggester } from "./suggest.ts"
import { validate } from "./validate.ts"
import type { Assigned, Variables } from "./variables.ts"
import { resolveVariables, unusedAssignments } from "./variables.ts"

export interface BuildOptions {
  /** The name that counts where the file has none. */
  folderName: string
  name?: string | undefined
  assigned: readonly Assigned[]
  profiles: readonly string[]
  environment: { readonly [name: string]: string | undefined }
  cwd: string
  diagnostics: Diagnostic[]
  beside?: Beside
  /** Goes no further than the name, if the file has had no mistake until then. */
  onlyName: boolean
}

/** What goes on while a file is looked through. */
export interface Beside {
  /** Told the stack's name as soon as it is known, if the file has had no mistake until then. */
  whenNamed(stack: string): void
  /** Called at the most once after that, some milliseconds later, with half of the containers still to be looked through. */
  inBetween(): void
}

/** From the merged tree to the wanted state; mistakes go into `diagnostics`. */
export function build(tree: MapNode, options: BuildOptions): { desired?: Desired; document: () => unknown; name?: string } {
  const { diagnostics } = options
  const suggest = suggester()
  const declared = child(tree, "variables")
  const variables = resolveVariables(declared, options.assigned, diagnostics, suggest)
  const { root, templates } = substituted(tree, variables, diagnostics)
  diagnostics.push(...unusedAssignments(options.assigned, variables, declared))
  const plain = toPlain(root) as { [key: string]: unknown }
  const entry: MapEntry = { key: root, value: root }
  const early = hasErrors(diagnostics) ? undefined : nameOf(root, plain, options)
  if (early !== undefined) options.beside?.whenNamed(early)
  if (early !== undefined && options.onlyName) return { document: () => null, name: early }
  diagnostics.push(...validate(plain, entry))
  const name = stackName(root, plain, options)
  diagnostics.push(...unknownProfiles(root, options.profiles, suggest))
  const resolvers = resolverInstances(name ?? "stack", root, plain)
  const instances = [...allInstances(templates, plain, variables, options), ...resolvers]
  const halfway = early === undefined ? undefined : () => options.beside?.inBetween()
  const draft = resolve(name ?? "stack", root, plain, instances, surroundings(options, suggest), halfway)
  connect(draft)
  connectParents(draft)
  connectOwnLinks(draft)
  if (resolvers.length > 0) checkResolvers(draft, root)
  connectResolvers(draft)
  draft.hosts = connectHosts(draft)
  check(draft)
  const imports = importsOf(draft, root, plain)
  const document = () => documentOf(tree, name, variables, draft)
  const known = name === undefined ? {} : { name }
  if (hasErrors(diagnostics)) return { document, ...known }
  const desired = desiredOf(draft, [...root.entries.keys()])
  return { desired: imports.length === 0 ? desired : { ...desired, imports }, document, ...known }
}

/** Variables replaced everywhere but in their own declarations; the containers apart, as they may hold `${index}`. */
function substituted(tree: MapNode, variables: Variables, diagnostics: Diagnostic[]): { root: MapNode; templates: Template[] } {
  const templates: Template[] = []
  const entries = new Map<string, MapEntry>()
  for (const [key, entry] of tree.entries) {
    if (key.startsWith("x-")) continue
    if (key === "variables") entries.set(key, entry)
    else if (key === "containers" && entry.value.kind === "map") {
      entries.set(key, { key: entry.key, value: containersOf(entry.value, templates, variables, diagnostics) })
    } else entries.set(key, { key: entry.key, value: substitute(entry.value, variables, diagnostics, { replicated: false }).node })
  }
  return { root: { ...tree, entries }, templates }
}

/** The containers, with index 0 where they have an index; their templates keep `${index}`. */
function containersOf(node: MapNode, templates: Template[], variables: Variables, diagnostics: Diagnostic[]): MapNode {
  const entries = new Map<string, MapEntry>()
  for (const [name, { key, value }] of node.entries) {
    if (name.startsWith("x-")) continue
    const { node: done, indexed } = substitute(value, variables, diagnostics, { replicated: hasReplicas(value) })
    const source = { key, value: done }
    templates.push({ name, source, indexed })
    entries.set(name, indexed ? indexedSource(source, 0, variables) : source)
  }
  return { ...node, entries }
}

function allInstances(
  templates: readonly Template[],
  plain: { [key: string]: unknown },
  variables: Variables,
  options: BuildOptions,
): Instance[] {
  const containers = (plain.containers ?? {}) as { [name: string]: { [key: string]: unknown } }
  const { profiles, diagnostics } = options
  let count = 0
  return templates.flatMap((template) => {
    const data = Object.hasOwn(containers, template.name) ? containers[template.name] : undefined
    if (data === undefined || data === null) return []
    const before = count
    count += replicasOf(data) ?? 1
    if (count <= MAX_CONTAINERS) return instancesOf(template, data, { variables, profiles, diagnostics })
    if (before <= MAX_CONTAINERS) diagnostics.push(tooMany(template.source))
    return []
  })
}

function tooMany({ key }: MapEntry): Diagnostic {
  return error("too-many-containers", `more than ${MAX_CONTAINERS} containers, replicas counted`, {
    hint: "make several stacks of it",
    range: spotRange(key),
  })
}

const NAME = /^[a-z0-9][a-z0-9_-]{0,31}$/

/** The name of -p, of the file, or of the folder as compose makes it one; undefined where that cannot be one. */
function nameOf(root: MapNode, plain: { [key: string]: unknown }, { name, folderName }: BuildOptions): string | undefined {
  const said = name ?? (root.entries.has("name") ? plain.name : madeOf(folderName))
  return typeof said === "string" && NAME.test(said) ? said : undefined
}

function madeOf(folderName: string): string {
  return folderName
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, "")
    .replace(/^[_-]+/, "")
}

/** The same; of a file's own it is told elsewhere what is wrong. */
function stackName(root: MapNode, plain: { [key: string]: unknown }, options: BuildOptions): string | undefined {
  const { name, folderName, diagnostics } = options
  const known = nameOf(root, plain, options)
  if (known !== undefined) return known
  if (name !== undefined) {
    diagnostics.push(error("bad-name", `\`${name}\` cannot be a stack's name`, { hint: "small letters, digits, `-` and `_`, at most 32" }))
  } else if (!root.entries.has("name")) {
    diagnostics.push(
      error("no-name", `the folder \`${folderName}\` gives the stack no name`, {
        hint: "write one at the top of the file: `name: lab`",
        range: spotRange({ ...root, end: root.start }),
      }),
    )
  }
  return undefined
}

function surroundings({ diagnostics, environment, cwd }: BuildOptions, suggest: Suggest): Surroundings {
  const files = new Map<string, EnvFile>()
  const texts = new Map<string, FileText>()
  return {
    diagnostics,
    environment,
    absolute: absolutePath,
    suggest,
    textFile(path) {
      const known = texts.get(path) ?? readText(path, shownPath(path, cwd))
      texts.set(path, known)
      return known
    },
    envFile(path) {
      const known = files.get(path) ?? envFile(path, shownPath(path, cwd))
      files.set(path, known)
      return known
    },
  }
}

function envFile(path: string, shown: string): EnvFile {
  const read = readText(path, shown)
  if (!("text" in read)) return read
  const { assignments, wrong } = parseDotenv(read.text)
  const [line] = wrong
  if (line !== undefined)
    return { code: "bad-line", summary: `${shown}:${line} is not of the form NAME=value`, hint: "write NAME=value, or # before a comment" }
  return { values: Object.fromEntries(assignments.map(({ name, value }) => [name, value])) }
}
