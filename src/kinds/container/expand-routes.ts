import { canonicalIp, formatCidr, networkOf, parseCidr, parseIp } from "../../base/ip.ts"
import type { Entry, Path } from "../../model/entry.ts"
import { tableOf } from "./expand-table.ts"
import type { NextHopSpec, RouteSpec } from "./spec-routing.ts"
import { defaultMetric, hopKey, inOrder, NOWHERE, routeKey, routePlace, usualScope } from "./spec-routing.ts"

/** One way of several, as the file writes it. */
export interface HopEntry {
  via?: string
  dev?: string
  weight?: number
  onlink?: boolean
}

/** A route as the file writes it. */
export interface RouteEntry extends HopEntry {
  to?: string
  type?: "unicast" | NonNullable<RouteSpec["type"]>
  nexthops?: HopEntry[]
  table?: number | string
  metric?: number
  src?: string
  scope?: string
  mtu?: number
  advmss?: number
}

/** In canonical form and order; mistaken ones are reported and left out. */
export function routesOf(entry: Entry, list: readonly RouteEntry[]): RouteSpec[] {
  const found = new Map<string, RouteSpec>()
  for (const [i, item] of list.entries()) {
    const route = routeOf(entry, ["routes", i], item)
    if (route === undefined) continue
    const place = routePlace(route)
    const other = found.get(place)
    if (other === undefined) found.set(place, route)
    else if (routeKey(other) === routeKey(route))
      entry.report(["routes", i], "duplicate-route", `route to ${route.to} stands twice`, { hint: "take one out" })
    else {
      const table = route.table === undefined ? "" : ` in table ${route.table}`
      const summary = `two routes to ${route.to}${table} with metric ${route.metric ?? defaultMetric(route.to)}: the kernel keeps one of them`
      entry.report(["routes", i], "duplicate-route", summary, {
        hint: "give one of them another `metric`; to spread what is sent over both, write one route with `nexthops`",
      })
    }
  }
  return inOrder([...found.values()], routeKey)
}

function routeOf(entry: Entry, path: Path, item: RouteEntry): RouteSpec | undefined {
  const own = hopOf(entry, path, item)
  const hops = item.nexthops?.map((hop, i) => hopOf(entry, [...path, "nexthops", i], hop))
  const first = own?.via ?? hops?.find((hop) => hop?.via !== undefined)?.via
  const to = item.to === undefined ? undefined : destination(entry, [...path, "to"], item.to, first)
  const table = tableOf(entry, [...path, "table"], item.table)
  if (to === undefined || own === undefined || hops?.includes(undefined) || ["dev", "nexthops", "type", "table"].some(isMistaken))
    return undefined
  function isMistaken(key: string): boolean {
    const value = key === "table" ? table : (item as { [key: string]: unknown })[key]
    return value === undefined && entry.has([...path, key])
  }
  const { type, metric, mtu, advmss } = item
  const nexthops = hops?.length === 0 ? undefined : (hops as NextHopSpec[] | undefined)
  const route: RouteSpec = {
    to,
    ...(type === undefined || type === "unicast" ? {} : { type }),
    ...own,
    ...(nexthops === undefined ? {} : { nexthops: inOrder(nexthops, hopKey) }),
    ...(table === undefined || table === "main" ? {} : { table }),
    ...(metric === undefined ? {} : { metric }),
    ...sourceOf(entry, path, item, to),
    ...(mtu === undefined ? {} : { mtu }),
    ...(advmss === undefined ? {} : { advmss }),
  }
  if (!leadsSomewhere(entry, path, route) || !isOfOneFamily(entry, path, route)) return undefined
  return { ...route, ...scopeOf(entry, path, item, route) }
}

/** Next hop and interface; undefined where one is mistaken, which is reported. */
function hopOf(entry: Entry, path: Path, { via: text, dev, weight, onlink }: HopEntry): NextHopSpec | undefined {
  const via = text === undefined ? undefined : canonicalIp(text)
  if (text !== undefined && via === undefined)
    entry.report([...path, "via"], "bad-route", `\`${text}\` is not an IP address`, {
      hint: "write an address without a prefix length: 10.20.0.254",
    })
  if ((via === undefined && entry.has([...path, "via"])) || (dev === undefined && entry.has([...path, "dev"]))) return undefined
  if (onlink === true && (via === undefined || dev === undefined)) {
    entry.report([...path, "onlink"], "bad-route", "`onlink` says of a next hop that it is on a link: `via` and `dev` are needed", {
      hint: "add what is missing, or take `onlink` out",
    })
    return undefined
  }
  return {
    ...(via === undefined ? {} : { via }),
    ...(dev === undefined ? {} : { dev }),
    ...(weight === undefined || weight === 1 ? {} : { weight }),
    ...(onlink === true ? { onlink } : {}),
  }
}

/** A way for what goes somewhere, and none for what does not. */
function leadsSomewhere(entry: Entry, path: Path, { to, type, via, dev, nexthops }: RouteSpec): boolean {
  const [key] = (["via", "dev", "nexthops"] as const).filter((one) => entry.has([...path, one]))
  if (type !== undefined && NOWHERE.has(type)) {
    if (key === undefined) return true
    const hint = `take \`${key}\` out, or \`type: ${type}\``
    entry.report([...path, key], "bad-route", `a route of type ${type} leads nowhere: \`${key}\` says where`, { hint })
    return false
  }
  if (nexthops !== undefined) {
    const lone = nexthops.findIndex((hop) => hop.via === undefined && hop.dev === undefined)
    if (key === "nexthops" && lone < 0) return true
    const [at, summary] =
      key === "nexthops"
        ? [[...path, "nexthops"], `one of the next hops to ${to} has neither \`via\` nor \`dev\``]
        : [[...path, key as string], `\`${key}\` stands beside \`nexthops\``]
    entry.report(at, "bad-route", summary, { hint: "write each way in `nexthops`, with `via` or `dev` or both" })
    return false
  }
  if (type === "local" && dev === undefined) {
    entry.report(path, "bad-route", `a local route to ${to} needs the interface that it is local to`, { hint: "add `dev: lo`" })
    return false
  }
  if (via !== undefined || dev !== undefined) return true
  entry.report(path, "bad-route", `route to ${to} goes nowhere`, { hint: "add `via: ADDRESS` or `dev: INTERFACE`" })
  return false
}

/** A route of IPv4 may have a next hop of IPv6 (RFC 5549): the kernel knows the other's link address as well. Not the other way round. */
function isOfOneFamily(entry: Entry, path: Path, { to, via, nexthops = [] }: RouteSpec): boolean {
  const wrong = (one: string | undefined) => to.includes(":") && one !== undefined && !one.includes(":")
  const at = nexthops.findIndex((hop) => wrong(hop.via))
  if (!wrong(via) && at < 0) return true
  const where = wrong(via) ? [...path, "via"] : [...path, "nexthops", at, "via"]
  entry.report(where, "bad-route", `${wrong(via) ? via : nexthops[at]?.via} is no next hop to ${to}: one is IPv4, the other IPv6`, {
    hint: "use two addresses of one family",
  })
  return false
}

function sourceOf(entry: Entry, path: Path, { src: text }: RouteEntry, to: string): Pick<RouteSpec, "src"> {
  if (text === undefined) return {}
  const src = canonicalIp(text)
  if (src !== undefined && src.includes(":") === to.includes(":")) return { src }
  const summary =
    src === undefined ? `\`${text}\` is not an IP address` : `${src} is no source of what goes to ${to}: one is IPv4, the other IPv6`
  entry.report([...path, "src"], "bad-route", summary, { hint: "write an address that the container has, without its prefix length" })
  return {}
}

function scopeOf(entry: Entry, path: Path, { scope: written }: RouteEntry, route: RouteSpec): Pick<RouteSpec, "scope"> {
  const scope = written === "global" ? "universe" : written
  if (scope === undefined || scope === usualScope(route)) return {}
  if (!route.to.includes(":")) return { scope }
  entry.report([...path, "scope"], "bad-route", "a route of IPv6 has no scope", { hint: "take `scope` out" })
  return {}
}

/** A network in canonical form: `default` in the family of the next hop, a lone address as a network of one. */
function destination(entry: Entry, path: Path, text: string, via: string | undefined): string | undefined {
  if (text === "default") return via?.includes(":") ? "::/0" : "0.0.0.0/0"
  const ip = parseIp(text)
  const cidr = ip === undefined ? parseCidr(text) : { ...ip, prefix: ip.family === 4 ? 32 : 128 }
  if (cidr === undefined) {
    entry.report(path, "bad-route", `\`${text}\` is not a network`, { hint: "write a network such as 10.9.0.0/16, or `default`" })
    return undefined
  }
  const network = networkOf(cidr)
  if (network.value === cidr.value) return formatCidr(cidr)
  entry.report(path, "bad-route", `${text} is an address in a network, not a network`, { hint: `did you mean ${formatCidr(network)}?` })
  return undefined
}
