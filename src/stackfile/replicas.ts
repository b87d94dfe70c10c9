import type { Diagnostic } from "../base/diagnostic.ts"
import type { MapEntry, MapNode, Node } from "./node.ts"
import { child, toPlain } from "./node.ts"
import { isActive } from "./profiles.ts"
import { substitute } from "./substitute.ts"
import { validate } from "./validate.ts"
import type { Variables } from "./variables.ts"

/** One container as it will be: `web`, or `web[0]` of several. */
export interface Instance {
  name: string
  /** The name in the file. */
  base: string
  /** Where the file says it, with `${index}` replaced. */
  source: MapEntry
  plain: { [key: string]: unknown }
  /** One of its profiles is active, or it has none. */
  active: boolean
  /** Of `replicas: 0` the one that is looked at for mistakes, and not wanted. */
  spare: boolean
}

/** A container's entry with every variable but `${index}` replaced. */
export interface Template {
  name: string
  source: MapEntry
  indexed: boolean
}

/** How many there are to be; undefined: one, without a number. */
export function replicasOf(plain: { [key: string]: unknown }): number | undefined {
  return typeof plain.replicas === "number" ? plain.replicas : undefined
}

/** The containers that one entry stands for. `plain` is the entry's data, with index 0 where it has an index. */
export function instancesOf(
  template: Template,
  plain: { [key: string]: unknown },
  { variables, profiles, diagnostics }: { variables: Variables; profiles: readonly string[]; diagnostics: Diagnostic[] },
): Instance[] {
  const { name, source, indexed } = template
  const active = isActive(plain.profiles, profiles)
  const count = replicasOf(plain)
  if (count === undefined) return [{ name, base: name, source, plain, active, spare: false }]
  const seen = new Set<string>()
  return Array.from({ length: Math.max(count, 1) }, (_, index): Instance => {
    const its = indexed ? indexedSource(source, index, variables) : source
    const data = indexed && index > 0 ? checked(name, its, diagnostics, seen) : plain
    return { name: `${name}[${index}]`, base: name, source: its, plain: data, active, spare: count === 0 }
  })
}

/** `index` is put in; mistakes of other variables have been told before. */
export function indexedSource({ key, value }: MapEntry, index: number, variables: Variables): MapEntry {
  return { key, value: substitute(value, variables, [], { index: String(index), replicated: true }).node }
}

/** Data of a later replica: its mistakes count unless an earlier one made them at the same place. */
function checked(name: string, source: MapEntry, diagnostics: Diagnostic[], seen: Set<string>): { [key: string]: unknown } {
  const plain = toPlain(source.value) as { [key: string]: unknown }
  const { file, start, end } = source.key
  const containers: Node = { kind: "map", file, start, end, entries: new Map([[name, source]]) }
  const root: MapNode = { kind: "map", file, start, end, entries: new Map([["containers", { key: source.key, value: containers }]]) }
  const data = { containers: { [name]: plain } }
  for (const problem of validate(data, { key: source.key, value: root })) {
    const place = JSON.stringify(problem.range)
    const known = seen.has(place) || diagnostics.some((d) => JSON.stringify(d.range) === place)
    seen.add(place)
    if (!known) diagnostics.push(problem)
  }
  return (data.containers[name] ?? {}) as { [key: string]: unknown }
}

/** True of an entry that has `replicas`, whatever its value. */
export function hasReplicas(node: Node): boolean {
  return child(node, "replicas") !== undefined
}
