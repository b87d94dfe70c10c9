import type { ErrorObject } from "ajv"
import type { Diagnostic } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import { nearest } from "../base/nearest.ts"
import type { Mistake } from "./explain.ts"
import { explain } from "./explain.ts"
import validator from "./generated/validator.js"
import type { MapEntry, Path } from "./node.ts"
import { nodeAt } from "./node.ts"

/** More than these are not read by anyone. */
const MAX_ERRORS = 100

/**
 * Checks plain data by the generated validator. What is mistaken is then taken out of the data, so that the rest can be
 * looked at further: `root` is where it came from.
 */
export function validate(plain: { [key: string]: unknown }, root: MapEntry): Diagnostic[] {
  if (validator(plain)) return []
  if (coerced(plain, (validator.errors ?? []).map(mistakeOf), root) && validator(plain)) return []
  const all = (validator.errors ?? []).map(mistakeOf)
  const mistakes = all.filter((mistake) => !isEcho(mistake, root, all))
  const diagnostics = mistakes.slice(0, MAX_ERRORS).map((mistake) => explain(mistake, root))
  if (mistakes.length > MAX_ERRORS) diagnostics.push(error("too-many-errors", `${mistakes.length - MAX_ERRORS} more mistakes of form`))
  for (const { keyword, path, params } of mistakes) {
    if (keyword === "additionalProperties") takeOut(plain, [...path, String(params.additionalProperty)])
    else if (keyword !== "required") takeOut(plain, path)
  }
  return diagnostics
}

/** What a variable's value was put into takes the type that the schema wants there. True if anything changed. */
function coerced(plain: { [key: string]: unknown }, mistakes: readonly Mistake[], root: MapEntry): boolean {
  let changed = false
  for (const { keyword, path, params } of mistakes) {
    const node = keyword === "type" ? nodeAt(root.value, path) : undefined
    if (node?.kind !== "scalar" || !node.substituted) continue
    const value = asType(node.source, [params.type].flat())
    const holder = value === undefined ? undefined : holderOf(plain, path)
    if (holder === undefined) continue
    holder[String(path.at(-1))] = value
    changed = true
  }
  return changed
}

function asType(text: string, types: readonly unknown[]): string | number | boolean | undefined {
  if ((types.includes("integer") && /^-?\d+$/.test(text)) || (types.includes("number") && /^-?\d+(\.\d+)?$/.test(text))) return Number(text)
  if (types.includes("boolean") && (text === "true" || text === "false")) return text === "true"
  return types.includes("string") ? text : undefined
}

function holderOf(plain: { [key: string]: unknown }, path: Path): { [key: string]: unknown } | undefined {
  let holder: unknown = plain
  for (const step of path.slice(0, -1)) {
    holder =
      holder !== null && typeof holder === "object" && Object.hasOwn(holder, step)
        ? (holder as { [key: string]: unknown })[step]
        : undefined
  }
  return holder !== null && typeof holder === "object" ? (holder as { [key: string]: unknown }) : undefined
}

function mistakeOf({ keyword, instancePath, params }: ErrorObject): Mistake {
  return { keyword, path: pointer(instancePath), params: params as Mistake["params"] }
}

/** RFC 6901 */
function pointer(text: string): string[] {
  return text
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"))
}

/** A key that is missing only because its value was mistaken before, or because it is misspelt, which is told too. */
function isEcho({ keyword, path, params }: Mistake, root: MapEntry, all: readonly Mistake[]): boolean {
  if (keyword !== "required") return false
  const key = String(params.missingProperty)
  if (nodeAt(root.value, [...path, key]) !== undefined) return true
  return all.some(
    (other) =>
      other.keyword === "additionalProperties" &&
      samePath(other.path, path) &&
      nearest(String(other.params.additionalProperty), [key]) !== undefined,
  )
}

function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((step, i) => step === b[i])
}

/** Deletes a value. An item of a list takes the whole list with it: the others would change their places. */
function takeOut(plain: { [key: string]: unknown }, path: Path): void {
  let holder: unknown = plain
  let owner: { [key: string]: unknown } | undefined
  let name = ""
  for (const step of path) {
    if (holder === null || typeof holder !== "object") return
    if (!Array.isArray(holder)) {
      owner = holder as { [key: string]: unknown }
      name = String(step)
    }
    holder = Object.hasOwn(holder, step) ? (holder as { [key: string]: unknown })[step] : undefined
  }
  if (owner !== undefined) delete owner[name]
}
