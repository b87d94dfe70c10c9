import { canonicalIp, formatCidr, networkOf, parseCidr, parseIp } from "../../base/ip.ts"
import type { Entry, Path } from "../../model/entry.ts"
import type { ContainerAttributes } from "./spec.ts"

/** A route as the file writes it. */
export interface RouteEntry {
  to?: string
  via?: string
  dev?: string
  metric?: number
}

type Route = ContainerAttributes["routes"][number]

/** In canonical form and order; mistaken ones are reported and left out. */
export function routesOf(entry: Entry, list: readonly RouteEntry[]): Route[] {
  const found: Route[] = []
  for (const [i, item] of list.entries()) {
    const route = routeOf(entry, ["routes", i], item)
    if (route === undefined) continue
    if (found.some((other) => key(other) === key(route)))
      entry.report(["routes", i], "duplicate-route", `route to ${route.to} stands twice`, { hint: "take one out" })
    else found.push(route)
  }
  return found.sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

/** The order that observed routes are listed in. */
function key(r: Route): string {
  return `${r.to} ${r.via ?? ""} ${r.dev ?? ""} ${r.metric ?? 0}`
}

function routeOf(entry: Entry, path: Path, item: RouteEntry): Route | undefined {
  const via = item.via === undefined ? undefined : canonicalIp(item.via)
  if (item.via !== undefined && via === undefined)
    entry.report([...path, "via"], "bad-route", `\`${item.via}\` is not an IP address`, {
      hint: "write an address without a prefix length: 10.20.0.254",
    })
  const to = item.to === undefined ? undefined : destination(entry, [...path, "to"], item.to, via)
  if (to === undefined || (via === undefined && entry.has([...path, "via"])) || (item.dev === undefined && entry.has([...path, "dev"])))
    return undefined
  if (via === undefined && item.dev === undefined) {
    entry.report(path, "bad-route", `route to ${to} goes nowhere`, { hint: "add `via: ADDRESS` or `dev: INTERFACE`" })
    return undefined
  }
  if (via !== undefined && via.includes(":") !== to.includes(":")) {
    entry.report([...path, "via"], "bad-route", `${via} is no next hop to ${to}: one is IPv4, the other IPv6`, {
      hint: "use two addresses of one family",
    })
    return undefined
  }
  return {
    to,
    ...(via === undefined ? {} : { via }),
    ...(item.dev === undefined ? {} : { dev: item.dev }),
    ...(item.metric === undefined ? {} : { metric: item.metric }),
  }
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
