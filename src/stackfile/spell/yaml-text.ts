import { stringify } from "yaml"
import { escapeRisky } from "../../base/risky.ts"
import type { Spelt, SpeltMap } from "../../model/spelt.ts"

/** What a person still reads on one line. */
const WIDTH = 100

/** Keys below which there is a line each, however short: sections, and interfaces. */
const BLOCKS = new Set(["bridges", "veths", "idmaps", "cgroups", "containers", "import", "interfaces"])

/** A document as YAML, with a comment above it. What is short stands on one line; a container never does. */
export function yamlText(document: SpeltMap, comment: readonly string[]): string {
  const head = comment.map((line) => `# ${line}\n`)
  return [...head, ...entries(document, "")].join("")
}

function entries(map: SpeltMap, indent: string, section = ""): string[] {
  return Object.entries(map).map(([key, value]) => entry(key, value, indent, section))
}

function entry(key: string, value: Spelt, indent: string, section: string): string {
  const start = `${indent}${scalar(key)}:`
  const line = `${start} ${flow(value)}\n`
  const inBlock = (indent === "" && BLOCKS.has(key)) || key === "interfaces" || section === "containers"
  if (!isCollection(value) || (!inBlock && line.length <= WIDTH)) return line
  const inner = `${indent}  `
  if (!Array.isArray(value)) return `${start}\n${entries(value as SpeltMap, inner, indent === "" ? key : "").join("")}`
  return `${start}\n${value.map((item: Spelt) => listItem(item, inner)).join("")}`
}

function listItem(item: Spelt, indent: string): string {
  const line = `${indent}- ${flow(item)}\n`
  if (!isMap(item) || line.length <= WIDTH) return line
  return `${indent}- ${entries(item, `${indent}  `).join("").trimStart()}`
}

function flow(value: Spelt): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`
  if (!isMap(value)) return scalar(value as string | number | boolean | null)
  const pairs = Object.entries(value).map(([key, inner]) => `${scalar(key)}: ${flow(inner)}`)
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`
}

/** What no reader of YAML takes for anything but the text that it is. */
const PLAIN = /^[A-Za-z/][A-Za-z0-9_./-]*$/
const WORDS = /^(true|false|null|yes|no|on|off|y|n)$/i

/** One word, such as an address, which may need quotes all the same; whatever else is a text has them. */
const WORD = /^[A-Za-z0-9_./:%+-]+$/

/** As it may stand in a line with others. The library knows what needs quotes. */
function scalar(value: string | number | boolean | null): string {
  if (typeof value === "string" && PLAIN.test(value) && !WORDS.test(value)) return value
  const defaultStringType = typeof value === "string" && !WORD.test(value) ? "QUOTE_DOUBLE" : "PLAIN"
  // Line ends are written as such words, however long the text.
  const oneLine = { lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER }
  const text = stringify([value], { collectionStyle: "flow", flowCollectionPadding: false, defaultStringType, ...oneLine })
  return escapeRisky(text.trim().slice(1, -1))
}

function isCollection(value: Spelt): value is readonly Spelt[] | SpeltMap {
  return typeof value === "object" && value !== null
}

function isMap(value: Spelt): value is SpeltMap {
  return isCollection(value) && !Array.isArray(value)
}
