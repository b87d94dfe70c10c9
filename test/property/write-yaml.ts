/** One document in one of the many styles that YAML has for it. */
import type { Dice } from "./dice.ts"

/** A scalar that stands as it is: `0.50`, `true`, `*base`. */
export class Plain {
  readonly text: string
  constructor(text: string | number | boolean) {
    this.text = String(text)
  }
}

/** `&name` before the value. */
export class Anchored {
  readonly name: string
  readonly value: YamlMap
  constructor(name: string, value: YamlMap) {
    this.name = name
    this.value = value
  }
}

export type YamlMap = readonly (readonly [key: string, value: Yaml])[]
export type Yaml = string | Plain | Anchored | { readonly list: readonly Yaml[] } | { readonly map: YamlMap }

export function writeYaml(dice: Dice, document: YamlMap): string {
  return document.map(([key, value]) => entry(dice, key, value, "")).join("")
}

/** A key with its value, and the line's end. */
function entry(dice: Dice, key: string, value: Yaml, indent: string): string {
  return `${indent}${keyText(dice, key)}:${below(dice, value, indent)}`
}

/** What stands behind `key:` or `-`. */
function below(dice: Dice, value: Yaml, indent: string): string {
  const inner = `${indent}  `
  if (value instanceof Anchored) return ` &${value.name}${below(dice, { map: value.value }, indent)}`
  if (typeof value === "object" && !(value instanceof Plain) && dice.chance()) {
    if ("list" in value && value.list.length > 0) {
      const dash = dice.pick(inner, indent === "" ? inner : indent)
      return `\n${value.list.map((item) => `${dash}-${below(dice, item, `${dash}  `)}`).join("")}`
    }
    if ("map" in value && value.map.length > 0) return `\n${value.map.map(([k, v]) => entry(dice, k, v, inner)).join("")}`
  }
  return ` ${flow(dice, value)}${dice.pick("", "", " # said")}\n`
}

function flow(dice: Dice, value: Yaml): string {
  if (value instanceof Plain) return value.text
  if (value instanceof Anchored) return `&${value.name} ${flow(dice, { map: value.value })}`
  if (typeof value === "string") return textOf(dice, value)
  if ("list" in value) return `[${value.list.map((item) => flow(dice, item)).join(", ")}]`
  return value.map.length === 0 ? "{}" : `{ ${value.map.map(([k, v]) => `${keyText(dice, k)}: ${flow(dice, v)}`).join(", ")} }`
}

function keyText(dice: Dice, key: string): string {
  return key === "<<" || dice.chance() ? key : `"${key}"`
}

/** Without quotes only what no schema of YAML takes for anything but a text. */
function textOf(dice: Dice, text: string): string {
  const quoted = dice.pick(JSON.stringify(text), `'${text.replaceAll("'", "''")}'`)
  return /^[a-zA-Z/][a-zA-Z0-9_./-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|inf|nan)$/i.test(text)
    ? dice.pick(text, quoted)
    : quoted
}
