import { fileURLToPath } from "node:url"
import { publishedSchema } from "../src/stackfile/schema.ts"
import { writeIfNew } from "./schema.ts"

/** What of JSON Schema the published one is made of. */
interface Schema {
  description?: string
  type?: string | readonly string[]
  properties?: { readonly [key: string]: Schema }
  patternProperties?: { readonly [pattern: string]: Schema | boolean }
  additionalProperties?: Schema | boolean
  items?: Schema
  required?: readonly string[]
  enum?: readonly unknown[]
  default?: unknown
  examples?: readonly unknown[]
  minimum?: number
  maximum?: number
}

const HEAD = `# The stack file

Every key of \`stack.yaml\`, as [schema/stack.schema.json](../schema/stack.schema.json) has it: written by \`npm run generate\`, and what is not here is refused, with the
nearest key that is. A stack of it all: [examples](../examples).

- The file is \`stack.yaml\` (else \`stack.yml\`) of the folder, or what \`-f FILE\` names; \`-f -\` is standard input. \`stack.override.yaml\` beside it is merged over it.
- \`\${name}\` in any text is a variable's value, in a container's also \`\${index}\`, its number among replicas; \`$$\` is a dollar sign. A key that takes a number or a truth
  value takes one of these instead.
- Keys that begin with \`x-\` are nobody's: they hold YAML anchors.
- Sizes are bytes, or with \`k\`, \`M\`, \`G\`, \`T\`, \`P\`: 64M is 67108864. Durations are \`10s\`, \`1m30s\`, \`500ms\`. Paths begin at the file that they are written in.
- A word of the container is compose's wherever compose has one, in each of compose's forms.
- Addresses, in plans and for \`--target\`: \`container.web\`, \`container.web[0]\`, \`interface.web.eth0\`, \`bridge.lan\`, \`veth.core\`, \`cgroup.tier\`.
`

/** An example of each section, in the folder of examples. */
const EXAMPLES: { readonly [section: string]: readonly string[] } = {
  variables: ["variables"],
  include: ["include"],
  bridges: ["bridge", "nat", "resolver"],
  veths: ["router"],
  idmaps: ["idmap"],
  cgroups: ["limits"],
  volumes: ["volumes"],
  containers: ["minimal", "environment", "depends-on", "replicas", "profiles", "pod", "system"],
  "containers.NAME.limits": ["limits"],
  "containers.NAME.ports": ["ports"],
  "containers.NAME.volumes": ["volumes"],
  "containers.NAME.sysctls": ["sysctls"],
  "containers.NAME.routes": ["router"],
}

/** From so many keys on what a key holds is a section of its own. */
const SECTION = 4

interface Row {
  path: string
  schema: Schema
  required: boolean
}

/** The text of docs/stackfile.md. */
export function stackfileDocument(): string {
  const root = publishedSchema() as Schema
  const told = new Map<string, string>()
  const sections = Object.entries(root.properties ?? {}).flatMap(([key, schema]) => sectionsOf(key, schema, 2, told))
  return [HEAD, ...sections].join("\n")
}

/** A key's own section, and behind it those of what it holds. `told`: by what they hold, the sections that there are already. */
function sectionsOf(path: string, schema: Schema, depth: number, told: Map<string, string>): string[] {
  const inner: [string, Schema][] = []
  const rows = rowsBelow(path, schema, inner)
  const table = rows.map((row) => line(row, path)).join("\n")
  const same = told.get(table)
  if (table !== "" && same === undefined) told.set(table, path)
  const about = [`*${form(schema)}.*`, schema.description, examples(path), same === undefined ? "" : `Its keys are those of \`${same}\`.`]
  const head = `${"#".repeat(depth)} \`${path}\`\n\n${about.filter(Boolean).join(" ")}\n`
  if (same !== undefined) return [head]
  const whole = table === "" ? head : `${head}\n| key | | default | |\n| --- | --- | --- | --- |\n${table}\n`
  return [whole, ...inner.flatMap(([name, below]) => sectionsOf(name, below, Math.min(depth + 1, 4), told))]
}

/** What stands below a key, each with its path; what is large goes into `inner`. */
function rowsBelow(path: string, schema: Schema, inner: [string, Schema][]): Row[] {
  return held(path, schema).flatMap(({ path: at, schema: one, required }) => {
    if (isAnyName(at)) return rowsBelow(at, one, inner)
    const row = { path: at, schema: one, required }
    if (keysIn(one) < SECTION) return [row, ...rowsBelow(at, one, inner)]
    inner.push([at, one])
    return [row]
  })
}

function isAnyName(path: string): boolean {
  return path.endsWith(".NAME") || path.endsWith("[]")
}

/** The keys of a map, what any name of it stands for, and what a list holds. */
function held(path: string, { properties = {}, patternProperties = {}, items, required = [] }: Schema): Row[] {
  const keys = Object.entries(properties).map(([key, schema]) => ({ path: `${path}.${key}`, schema, required: required.includes(key) }))
  const named = Object.values(patternProperties).flatMap((schema) =>
    typeof schema === "boolean" ? [] : [{ path: `${path}.NAME`, schema, required: false }],
  )
  return [...keys, ...named, ...(items === undefined ? [] : [{ path: `${path}[]`, schema: items, required: false }])]
}

function keysIn(schema: Schema): number {
  return held("", schema).reduce((sum, { path, schema: one }) => sum + (isAnyName(path) ? keysIn(one) : 1 + keysIn(one)), 0)
}

/** A row of a section's table: paths begin at the section. */
function line({ path, schema, required }: Row, section: string): string {
  const name = path.slice(section.length).replace(/^\./, "")
  const usual = schema.default === undefined ? "" : `\`${plain(schema.default)}\``
  const example = schema.examples?.length ? ` For example ${schema.examples.map((one) => `\`${plain(one)}\``).join(", ")}.` : ""
  const what = `${schema.description ?? ""}${example}`
  return `| \`${name}\`${required ? " (needed)" : ""} | ${cell(form(schema))} | ${cell(usual)} | ${cell(what)} |`
}

const WORDS: { readonly [type: string]: string } = {
  object: "map",
  array: "list",
  integer: "whole number",
  boolean: "true or false",
  string: "text",
}

/** What may be written there, in words. That a variable may stand for a number is said once for all. */
function form({ type = [], enum: words, minimum, maximum, items, properties, pattern }: Schema & { pattern?: string }): string {
  if (words !== undefined) return words.map((word) => `\`${plain(word)}\``).join(", ")
  const types = [type].flat().filter((one) => one !== "null" && !(one === "string" && pattern === "\\$\\{"))
  const range = minimum === undefined || maximum === undefined ? "" : ` ${minimum} to ${maximum}`
  const said = types.map((one) => {
    if (one === "array") return items === undefined ? "list" : `list of ${plural(form(items))}`
    if (one === "object" && properties === undefined) return "map by name"
    return `${WORDS[one] ?? one}${one === "integer" || one === "number" ? range : ""}`
  })
  return said.length === 0 ? "text" : said.join(", or ")
}

function plural(text: string): string {
  return text
    .split(", or ")
    .map((one) => WORDS_OF_MANY[one] ?? one)
    .join(" or ")
}

const WORDS_OF_MANY: { readonly [one: string]: string } = {
  text: "texts",
  map: "maps",
  "map by name": "maps",
  "whole number": "whole numbers",
  number: "numbers",
}

function examples(section: string): string {
  const files = EXAMPLES[section]
  return files === undefined
    ? ""
    : `Example${files.length === 1 ? "" : "s"}: ${files.map((name) => `[${name}](../examples/${name}.yaml)`).join(", ")}.`
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value)
}

/** A bar within a cell would end it. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|")
}

/** Writes docs/stackfile.md where it is not up to date. */
export function generateStackfileDocument(): void {
  writeIfNew(fileURLToPath(new URL("../docs/stackfile.md", import.meta.url)), stackfileDocument())
}
