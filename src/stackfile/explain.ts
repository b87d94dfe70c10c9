import type { Diagnostic } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import { nearest } from "../base/nearest.ts"
import type { Fragment } from "../model/fragment.ts"
import type { MapEntry, Node, Path } from "./node.ts"
import { nodeAt, rangeOfKey, rangeOfPath } from "./node.ts"
import { stackSchema } from "./schema.ts"

/** A mistake of form, at a path. */
export interface Mistake {
  keyword: string
  path: Path
  params: { readonly [key: string]: unknown }
}

const UNKNOWN: Fragment = { description: "" }

let schema: Fragment | undefined

/** The fragment for what stands at a path: the schema itself is only needed when something is wrong. */
function fragmentAt(path: Path): Fragment {
  schema ??= stackSchema()
  return path.reduce((fragment, step) => below(fragment, String(step)), schema)
}

function below({ properties, patternProperties, additionalProperties, items }: Fragment, step: string): Fragment {
  if (properties !== undefined && Object.hasOwn(properties, step)) return properties[step] ?? UNKNOWN
  const named = Object.entries(patternProperties ?? {}).find(([pattern]) => new RegExp(pattern, "u").test(step))?.[1]
  if (typeof named === "object") return named
  if (items !== undefined && /^\d+$/.test(step)) return items
  return typeof additionalProperties === "object" ? additionalProperties : UNKNOWN
}

/** A mistake of form in a person's words, with what would be right. */
export function explain(mistake: Mistake, root: MapEntry): Diagnostic {
  const fragment = fragmentAt(mistake.path)
  if (mistake.keyword === "additionalProperties") return unknownKey(mistake, fragment, root)
  if (mistake.keyword === "required") return missingKey(mistake, fragment, root)
  return wrongValue(mistake, fragment, root)
}

const KINDS: { readonly [section: string]: string } = {
  containers: "container",
  bridges: "bridge",
  veths: "veth",
  cgroups: "cgroup",
  idmaps: "idmap",
  volumes: "volume",
  secrets: "secret",
  configs: "config",
  variables: "variable",
}

/** The thing that a path lies in: `container.web`, or the whole file. */
export function addressOfPath([section, name]: Path): string | undefined {
  const kind = KINDS[String(section)]
  return kind === undefined || name === undefined ? undefined : `${kind}.${name}`
}

function placed(path: Path): { address?: string } {
  const address = addressOfPath(path)
  return address === undefined ? {} : { address }
}

/** Words for what a path leads to: `limits of container.web`. */
function placeOf(path: Path): string {
  const address = addressOfPath(path)
  const rest = path.slice(address === undefined ? 0 : 2).filter((step) => !/^\d+$/.test(String(step)))
  if (address === undefined) return rest.length === 0 ? "a stack file" : `\`${rest.join(".")}\``
  return rest.length === 0 ? address : `${rest.join(".")} of ${address}`
}

function unknownKey({ path, params }: Mistake, fragment: Fragment, root: MapEntry): Diagnostic {
  const key = String(params.additionalProperty)
  const at = [...path, key]
  const rest = { range: rangeOfKey(root, at), ...placed(path) }
  if (fragment.names !== undefined)
    return error("bad-name", `\`${key}\` cannot be a name in ${placeOf(path)}`, { hint: `allowed: ${fragment.names}`, ...rest })
  const known = Object.keys(fragment.properties ?? {})
  if (fragment.later?.includes(key)) {
    return error("not-supported", `key \`${key}\` in ${placeOf(path)} is not supported yet`, {
      hint: "take it out; a later version will know it",
      ...rest,
    })
  }
  return error("unknown-key", `unknown key \`${key}\` in ${placeOf(path)}`, {
    hint: valueHint(key, nodeAt(root.value, at), fragment) ?? keyHint(key, known, fragment),
    ...rest,
  })
}

/** For a value that says here by another key what it says there; a map or list is "". */
function valueHint(key: string, node: Node | undefined, { rewritten = {} }: Fragment): string | undefined {
  if (node === undefined || !Object.hasOwn(rewritten, key)) return undefined
  for (const [pattern, hint] of rewritten[key] ?? []) {
    const found = new RegExp(pattern, "u").exec(node.kind === "scalar" ? node.source : "")
    if (found !== null) return hint.replace("$1", () => shown(found[1] ?? ""))
  }
  return undefined
}

function keyHint(key: string, known: readonly string[], { instead }: Fragment): string {
  const other = instead !== undefined && Object.hasOwn(instead, key) ? instead[key] : undefined
  if (other === "") return "take it out: it is not needed here"
  const [, word = "", value] = /^([\w-]+)(?:\s+|:)(\S.*)$/.exec(key) ?? []
  if (known.includes(word)) return `write \`${word}: ${value}\`: a blank stands behind the \`:\``
  const near = other ?? nearest(key, known)
  if (near !== undefined) return `did you mean \`${near}\`?`
  if (known.length === 0) return "take it out: there are no keys here; `x-…` is free for your own"
  const list = known.length > 12 ? `${known.slice(0, 12).join(", ")}, …` : known.join(", ")
  return `known keys: ${list}; \`x-…\` is free for your own`
}

function missingKey({ path, params }: Mistake, fragment: Fragment, root: MapEntry): Diagnostic {
  const key = String(params.missingProperty)
  const form = fragment.properties?.[key]?.form
  return error("missing-key", `${placeOf(path)} has no \`${key}\``, {
    hint: form === undefined ? `add \`${key}:\`` : `add \`${key}:\` with ${form}`,
    range: /^\d+$/.test(String(path.at(-1))) ? rangeOfPath(root, path) : rangeOfKey(root, path),
    ...placed(path),
  })
}

function wrongValue({ keyword, path, params }: Mistake, fragment: Fragment, root: MapEntry): Diagnostic {
  const node = nodeAt(root.value, path)
  const name = nameOf(path)
  const form = fragment.form ?? "something else"
  const rest = { range: rangeOfPath(root, path), ...placed(path) }
  if (node?.kind === "scalar" && node.value === null) return error("wrong-type", `${name} is empty`, { hint: `write ${form}`, ...rest })
  if (keyword === "type")
    return error("wrong-type", `${name} must be ${form}, not ${shapeOf(node)}`, { ...hintFor(node, path, fragment), ...rest })
  if (keyword === "minItems" || keyword === "maxItems") {
    const count = `${keyword === "minItems" ? "at least" : "at most"} ${params.limit}`
    return error("wrong-count", `${name} needs ${count} item${params.limit === 1 ? "" : "s"}`, { hint: `write ${form}`, ...rest })
  }
  const text = node?.kind === "scalar" ? node.source : ""
  if (fragment.later?.includes(text)) {
    return error("not-supported", `${name}: \`${text}\` is not supported yet`, { hint: `write ${form}`, ...rest })
  }
  const hint = boundHint(keyword, params.limit, form) ?? hintFor(node, path, fragment).hint
  return error("wrong-value", `${name} must be ${form}, not \`${shown(text)}\``, { ...(hint === undefined ? {} : { hint }), ...rest })
}

/** The bound that a number is beyond, unless the form tells it. Of a size the units tell more. */
function boundHint(keyword: string, limit: unknown, form: string): string | undefined {
  if (limit === 0 || form.includes(`${limit}`)) return undefined
  if (keyword === "minimum") return `the smallest allowed value is ${limit}`
  return keyword === "maximum" ? `the largest allowed value is ${limit}` : undefined
}

function nameOf(path: Path): string {
  const last = String(path.at(-1) ?? "the file")
  return /^\d+$/.test(last) ? `item ${Number(last) + 1} of \`${String(path.at(-2) ?? "")}\`` : `\`${last}\``
}

function shown(text: string): string {
  const line = text.replace(/\s+/g, " ")
  return line.length > 60 ? `${line.slice(0, 60)}…` : line
}

function shapeOf(node: Node | undefined): string {
  if (node === undefined) return "this"
  if (node.kind !== "scalar") return node.kind === "list" ? "a list" : "a map"
  if (typeof node.value === "string") return `the text \`${shown(node.value)}\``
  return typeof node.value === "boolean" ? `the truth value ${node.value}` : `the number ${shown(node.source)}`
}

/** A text that would be of a type without its quotes. */
function isOfType(value: unknown, type: string): boolean {
  if (type === "boolean") return value === "true" || value === "false"
  return (type === "integer" || type === "number") && /^\d+$/.test(String(value))
}

/** Whether it would do as the one item of a list. */
function fits(node: Node, { type }: Fragment = UNKNOWN): boolean {
  const types = [type ?? []].flat()
  if (node.kind === "scalar") return node.value !== null && types.includes("string")
  return node.kind === "map" && types.includes("object")
}

/** What YAML 1.1 and other tools take for true and false. */
const TRUTHS: { readonly [word: string]: boolean } = {
  yes: true,
  on: true,
  y: true,
  "1": true,
  no: false,
  off: false,
  n: false,
  "0": false,
}

/** An example, a nearest word, or quotes where YAML read something else than a text. */
function hintFor(node: Node | undefined, path: Path, fragment: Fragment): { hint?: string } {
  const key = String(path.at(-1))
  const types = [fragment.type ?? []].flat()
  if (
    node?.kind === "scalar" &&
    types.includes("string") &&
    typeof node.value !== "string" &&
    new RegExp(fragment.pattern ?? "", "u").test(node.source)
  ) {
    return { hint: `a text that looks like something else needs quotes: "${shown(node.source)}"` }
  }
  if (node?.kind === "scalar" && !node.plain && types.some((type) => isOfType(node.value, type)) && !types.includes("string"))
    return { hint: `write it without quotes: \`${/^\d+$/.test(key) ? "- " : `${key}: `}${node.source}\`` }
  const truth = node?.kind === "scalar" && node.plain && types.includes("boolean") ? TRUTHS[node.source.toLowerCase()] : undefined
  if (truth !== undefined) return { hint: `write \`${key}: ${truth}\`` }
  if (fragment.names !== undefined && node?.kind === "list") return { hint: `write each under a name of its own: \`${key}: { NAME: … }\`` }
  if (types.includes("array") && node !== undefined && node.kind !== "list" && fits(node, fragment.items)) {
    const item = node.kind === "map" ? "{ … }" : /^[\w./=-]+$/.test(node.source) ? node.source : JSON.stringify(shown(node.source))
    return { hint: `write a list: \`${key}: [${item}]\`` }
  }
  const words = [...(fragment.enum ?? []), ...(fragment.examples ?? [])]
    .filter((word) => typeof word === "string")
    .filter((word) => /^[a-z:]+/i.test(word))
  const near = node?.kind === "scalar" ? nearest(String(node.value), words) : undefined
  const source = node?.kind === "scalar" ? node.source : ""
  const before = fragment.meant?.find(([pattern]) => new RegExp(pattern, "u").test(source))?.[1]
  // A path is no slip of anything.
  const meant = near !== undefined && !/^[./]/.test(source) ? near : before === undefined ? near : `${before}${shown(source)}`
  if (meant !== undefined) return { hint: `did you mean \`${meant}\`?` }
  const [example] = fragment.examples ?? []
  if (example === undefined) return {}
  return {
    hint: /^\d+$/.test(key)
      ? `for example ${String(example)}`
      : `for example \`${key}: ${typeof example === "object" ? JSON.stringify(example) : String(example)}\``,
  }
}
