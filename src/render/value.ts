import { formatDuration } from "../base/duration.ts"
import { formatSize } from "../base/size.ts"
import type { Value } from "../model/resource.ts"
import { jsonText } from "./printable.ts"

const TIMES = /^(stop_grace_period|healthcheck\.(interval|timeout|start_period|start_interval))$/
const SIZES = /^limits\.(memory(_high|_low|_swap)?|io\..*\.[rw]bps)$/
/** Attributes that are "" where there is no such thing. */
const ABSENT = new Set(["cgroup", "hostname", "init", "user"])
/** What needs no quotes: nothing that a terminal or a reader could take for something else. */
const PLAIN = /^[A-Za-z0-9_./:@%+~*-]+$/

/** One attribute for a person: `1500`, `64M`, `[10.0.0.1/24]`, `"two words"`. Control characters never get through. */
export function formatValue(path: string, value: Value | undefined): string {
  if (value === undefined || (value === "" && ABSENT.has(path))) return "(not set)"
  if (typeof value === "number" && SIZES.test(path)) return formatSize(value)
  if (typeof value === "number" && TIMES.test(path)) return formatDuration(value)
  return formatPlain(path === "routes" && Array.isArray(value) ? value.map(spelt) : value)
}

/** A destination that is everything, as the stack file writes it: `default` in the family of the next hop, of IPv4 where there is none. */
function spelt(route: Value): Value {
  if (!isMap(route)) return route
  const { via, nexthops } = route
  const hops = [route, ...(Array.isArray(nexthops) ? (nexthops as Value[]) : [])].map((hop) => (isMap(hop) ? hop.via : undefined))
  const isSix = [via, ...hops].some((hop) => typeof hop === "string" && hop.includes(":"))
  return route.to === (isSix ? "::/0" : "0.0.0.0/0") ? { ...route, to: "default" } : route
}

function formatPlain(value: Value): string {
  if (typeof value === "string") return PLAIN.test(value) ? value : quote(value)
  if (value === null || typeof value !== "object") return String(value)
  if (Array.isArray(value)) return `[${value.map(formatPlain).join(", ")}]`
  const entries = Object.entries(value).map(([key, inner]) => `${PLAIN.test(key) ? key : quote(key)}: ${formatPlain(inner)}`)
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`
}

/** JSON's quotes; what JSON leaves raw and a terminal would obey (C1, bidirectional marks) is escaped too. */
function quote(text: string): string {
  return jsonText(text)
}

/** `{a: {b: 1}}` as `a.b` and 1; lists, and maps with nothing in them, stay whole. */
export function flatten(attributes: { readonly [key: string]: Value }): [string, Value][] {
  const found: [string, Value][] = []
  flattenInto(found, attributes, "")
  return found
}

/** Into one list: a new stack of a thousand containers has a hundred thousand attributes. */
function flattenInto(found: [string, Value][], attributes: { readonly [key: string]: Value }, prefix: string): void {
  for (const key of Object.keys(attributes)) {
    const value = attributes[key] as Value
    if (isMap(value) && Object.keys(value).length > 0) flattenInto(found, value, `${prefix}${key}.`)
    else found.push([prefix + key, value])
  }
}

function isMap(value: Value): value is { readonly [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
