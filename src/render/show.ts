import { formatDuration } from "../base/duration.ts"
import type { Attributes, Observed, Value } from "../model/resource.ts"
import { paint } from "./paint.ts"
import type { ShownEnd } from "./show-ends.ts"
import { partedTable } from "./table.ts"
import { formatValue } from "./value.ts"

/** A resource as `show` tells it. */
export interface LiveResource {
  address: string
  kind: string
  name: string
  state: string
  attributes: Attributes
}

/** USER_HZ: what start times in /proc count in. time(7) */
const TICKS_A_SECOND = 100

/** `uptime`: seconds since boot, the first word of /proc/uptime. `ends`: of the resources that are links. */
export function liveResources(
  observed: readonly Observed[],
  uptime: number,
  ends: ReadonlyMap<string, readonly ShownEnd[]> = new Map(),
): LiveResource[] {
  const addresses = containerAddresses(observed)
  return observed.map((resource) => ({
    address: resource.address,
    kind: resource.kind,
    name: resource.name,
    state: stateOf(resource),
    attributes:
      resource.kind === "container"
        ? containerAttributes(resource, addresses.get(resource.address) ?? [], uptime)
        : { ...resource.attributes, ...endsOf(ends.get(resource.address)) },
  }))
}

function endsOf(ends: readonly ShownEnd[] | undefined): Attributes {
  return ends === undefined ? {} : { ends: ends as unknown as Value }
}

export function showJson(stack: string, resources: readonly LiveResource[]): object {
  return { stack, resources }
}

function stateOf({ kind, attributes, incomplete, live }: Observed): string {
  if (attributes.state === "running" && attributes.frozen === true) return "frozen"
  if (attributes.state === "running" && attributes.stopped === true) return "stopped"
  if (typeof attributes.state === "string") return attributes.state
  if (incomplete !== undefined) return "incomplete"
  if (kind === "veth") return (attributes.endpoints as { up?: boolean }[]).every(({ up }) => up !== false) ? "up" : "down"
  return typeof live.state === "string" ? live.state : "present"
}

function containerAttributes({ attributes, live }: Observed, addresses: readonly string[], uptime: number): Attributes {
  const { state: _, ...rest } = attributes
  return {
    ...rest,
    pid: live.pid ?? null,
    uptime: uptimeOf(live.init, uptime),
    exit_code: live.exit_code ?? null,
    addresses,
    health: live.health ?? null,
    restarts: live.restarts ?? null,
  }
}

/** Seconds that a process has lived, to a hundredth. */
function uptimeOf(init: Value | undefined, now: number): number | null {
  if (typeof init !== "object" || init === null || !("startTime" in init)) return null
  return Math.max(0, Math.round((now - Number(init.startTime) / TICKS_A_SECOND) * 100) / 100)
}

/** What the interfaces and veth ends of each container bear. */
function containerAddresses(observed: readonly Observed[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { kind, attributes } of observed) {
    const ends = kind === "interface" ? [attributes] : kind === "veth" && Array.isArray(attributes.endpoints) ? attributes.endpoints : []
    for (const { container, address } of ends as { container?: string; address?: string[] }[]) {
      if (container !== undefined) found.set(container, [...(found.get(container) ?? []), ...(address ?? [])])
    }
  }
  return found
}

// --------------------------------------------------------------------- text

/** A line for each resource: address, state, what else a person wants to know at once. `columns`: of the terminal, where it is one. */
export function showText(resources: readonly LiveResource[], { color, columns }: { color: boolean; columns?: number }): string {
  const rows = resources.map((resource) => ({ cells: [resource.address, resource.state], parts: detailsOf(resource) }))
  const text = partedTable(["ADDRESS", "STATE", "DETAILS"], rows, columns)
  if (!color) return text
  const style = paint(color)
  return text.replace(/^.*/, (head) => style.bold(head))
}

function detailsOf({ kind, attributes }: LiveResource): string[] {
  if (kind === "container") return containerDetails(attributes)
  if (kind === "bridge") return [word("", attributes.interface), list(attributes.address), word("mtu ", attributes.mtu)]
  if (kind === "interface") return [...placeOf(attributes), list(attributes.address), word("mtu ", attributes.mtu)]
  if (kind === "veth") return [vethDetails(attributes.endpoints), word("mtu ", attributes.mtu)]
  if (kind === "nat") return natDetails(attributes)
  if (kind === "hosts") return [`${Object.keys(attributes.names ?? {}).length} addresses`]
  if (kind === "image") return [word("", attributes.digest)]
  return kind === "cgroup" ? [limitsDetails(attributes.limits)] : []
}

/** Its rules are many, and the same for each bridge. */
function natDetails({ rules, ports }: Attributes): string[] {
  const published = Object.entries((ports ?? {}) as { readonly [port: string]: Value }).map(([port, to]) => `${port} to ${list(to)}`)
  const count = Array.isArray(rules) ? rules.length : 0
  return [...published, count === 1 ? "1 rule" : `${count} rules`]
}

/** Its port and its bridge, or what kind of link it is, and on which it lies. */
function placeOf({ host_interface, bridge, link }: Attributes): string[] {
  if (typeof link !== "object" || link === null) return [word("", host_interface), word("on ", bridge)]
  const { kind, parent, link: beside } = link as Attributes
  return [word("", kind), word("on ", beside ?? parent)]
}

function containerDetails({ pid, uptime, addresses, exit_code, limits, health, restarts }: Attributes): string[] {
  const age = typeof uptime === "number" ? `up ${formatAge(uptime)}` : ""
  const ended = word("exit code ", exit_code)
  return [word("pid ", pid), age, healthDetails(health), ended, ...restartDetails(restarts), list(addresses), limitsDetails(limits)]
}

/** `restarted 3 times (exit 1)`, `again after 200ms` */
function restartDetails(restarts: Value | undefined): string[] {
  if (typeof restarts !== "object" || restarts === null) return []
  const { count, last, pause } = restarts as Attributes
  return [
    count === 0 ? "" : `restarted ${count} ${count === 1 ? "time" : "times"} (${last})`,
    typeof pause === "number" ? `again after ${formatDuration(pause)}` : "",
  ]
}

/** `healthy`, `unhealthy (3 failures, exit 1)` */
function healthDetails(health: Value | undefined): string {
  if (typeof health !== "object" || health === null) return ""
  const { status, failing_streak, ended } = health as Attributes
  if (status === "healthy" && failing_streak === 0) return "healthy"
  const failures = failing_streak === 0 ? "" : `${failing_streak} ${failing_streak === 1 ? "failure" : "failures"}`
  const why = [failures, typeof ended === "string" && ended !== "exit 0" ? ended : ""].filter(Boolean).join(", ")
  return why === "" ? String(status) : `${status} (${why})`
}

function word(label: string, value: Value | undefined): string {
  return typeof value === "string" || typeof value === "number" ? `${label}${value}` : ""
}

function list(value: Value | undefined): string {
  return Array.isArray(value) ? value.join(" ") : ""
}

function limitsDetails(limits: Value | undefined): string {
  if (typeof limits !== "object" || limits === null) return ""
  return Object.entries(limits)
    .map(([key, value]) => `${key} ${formatValue(`limits.${key}`, value as Value)}`)
    .join("  ")
}

function vethDetails(endpoints: Value | undefined): string {
  if (!Array.isArray(endpoints)) return ""
  const ends = endpoints as { container: string; interface: string; address: string[] }[]
  return ends.map((end) => [`${end.container}:${end.interface}`, ...end.address].join(" ")).join(" -- ")
}

/** `42s`, `5m`, `3h 20m`, `12d 4h`. */
export function formatAge(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  return hours < 24 ? `${hours}h ${minutes % 60}m` : `${Math.floor(hours / 24)}d ${hours % 24}h`
}
