import type { FieldChange } from "../model/change.ts"
import type { Attributes, Observed, Resource, Value } from "../model/resource.ts"
import { valueAt } from "./fields.ts"
import { keysOf, member, sameValue } from "./values.ts"

/**
 * The differences that the file lets be: someone changed them by hand, and `ignore_drift` names them. Where a record tells what was
 * applied, a new wish of the file is no drift.
 */
export function ignoredFields(fields: readonly FieldChange[], { ignoreDrift, attributes }: Resource, { applied }: Observed): FieldChange[] {
  if (ignoreDrift === undefined) return []
  const isDrift = (path: string) =>
    applied === undefined || (applied !== null && sameValue(valueAt(attributes, path), valueAt(applied, path)))
  return fields.filter(({ path, forcesReplacement }) => !forcesReplacement && named(ignoreDrift, path) && isDrift(path))
}

/** `*` stands for one part of a path, such as each peer of a link. */
function named(paths: readonly string[], path: string): boolean {
  return paths.some((one) => (one.includes("*") ? matches(one.split("."), path.split(".")) : path === one || path.startsWith(`${one}.`)))
}

function matches(pattern: readonly string[], parts: readonly string[]): boolean {
  return pattern.every((one, i) => one === parts[i] || (one === "*" && parts[i] !== undefined))
}

/** The resource as it is to be when these differences are left: what is found there is wished for. */
export function leavingAlone(resource: Resource, ignored: readonly FieldChange[]): Resource {
  const attributes = ignored.reduce<Value>((all, { path, before }) => withValueAt(all, path, before) ?? all, resource.attributes)
  return { ...resource, attributes: attributes as Attributes, declared: resource.attributes }
}

/** The resource as the file has it. */
export function asDeclared(resource: Resource): Resource {
  const { declared, ...rest } = resource
  return declared === undefined ? resource : { ...rest, attributes: declared }
}

/** With another value at the path of a difference, or without one. What no key of the map begins is itself a key, with dots in it. */
function withValueAt(value: Value | undefined, path: string, found: Value | undefined): Value | undefined {
  if (path === "") return found
  const key = keysOf(value).find((k) => path === k || path.startsWith(`${k}.`)) ?? path
  const inner = withValueAt(member(value, key), path.slice(key.length + 1), found)
  if (Array.isArray(value)) return value.map((item: Value, i) => (String(i) === key ? (inner ?? item) : item))
  const { [key]: _, ...rest } = (value ?? {}) as Attributes
  return inner === undefined ? rest : { ...rest, [key]: inner }
}
