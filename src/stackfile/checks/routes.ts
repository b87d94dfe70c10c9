import type { Severity } from "../../base/diagnostic.ts"
import { canonicalIp, parseCidr, parseIp } from "../../base/ip.ts"
import { nearest } from "../../base/nearest.ts"
import type { HopEntry, RouteEntry } from "../../kinds/container/expand-routes.ts"
import type { NeighbourEntry } from "../../kinds/container/expand-rules.ts"
import type { Path } from "../../model/entry.ts"
import type { Draft, DraftContainer } from "../resolve.ts"
import { namesIn } from "../resolve.ts"
import { isOnLink, linksOf } from "./on-link.ts"

/** The links of a container. */
interface Links {
  links: ReturnType<typeof linksOf>
  /** None is mistaken as a whole, and so may be the one that is meant. */
  named: boolean
  /** And of each the subnets are known. */
  placed: boolean
}

/** Routes, rules and neighbours of interfaces that are not there or are down, and next hops that cannot be reached. */
export function checkRoutes(draft: Draft): void {
  for (const container of draft.containers) {
    const { routes = [], rules = [], neighbours = [] } = container.value
    if (routes.length + rules.length + neighbours.length === 0 || container.attributes.namespaces.net !== "new") continue
    const links = linksOf(draft, container)
    const named = draft.allVeths && isEachKnown(container)
    const all = { links, named, placed: named && container.interfaces.every((one) => one.placed) }
    for (const [i, route] of routes.entries()) checkRoute(container, all, route, ["routes", i])
    for (const [i, rule] of rules.entries())
      for (const key of ["iif", "oif"] as const) checkInterface(container, all, rule[key], ["rules", i, key], "warning")
    for (const [i, neighbour] of neighbours.entries()) checkNeighbour(container, all, neighbour, ["neighbours", i, "dev"])
  }
}

/** IFF_POINTOPOINT */
const POINT_TO_POINT: ReadonlySet<string | undefined> = new Set(["gre", "ip6gre", "wireguard"])

/** Of a link without others on it the kernel makes every neighbour of IPv4 one of 0.0.0.0. arp_constructor() in net/ipv4/arp.c */
function checkNeighbour(container: DraftContainer, all: Links, { to, dev, proxy }: NeighbourEntry, path: Path): void {
  const link = checkInterface(container, all, dev, path)
  const kind = container.interfaces.find(({ attributes }) => attributes.interface === dev)?.attributes.link?.kind
  if (link?.up === false) tellDown(container, path, `interface ${dev} is down: it has no neighbours`)
  else if (!proxy && (dev === "lo" || POINT_TO_POINT.has(kind)) && canonicalIp(to ?? "")?.includes(":") === false)
    container.entry.report(path, "no-neighbours", `${dev} has no neighbours: what is sent by it has one place to go to`, {
      hint: "name an interface with others on it, or take the entry out",
    })
}

function checkRoute(container: DraftContainer, all: Links, route: RouteEntry, path: Path): void {
  checkHop(container, all, route, path)
  for (const [i, hop] of (route.nexthops ?? []).entries()) checkHop(container, all, hop, [...path, "nexthops", i])
  checkSource(container, all, route, path)
}

/** The link of that name, where there is one; one that is not there is told: a rule may wait for one that a program is yet to make. */
function checkInterface(
  { entry }: DraftContainer,
  { links, named }: Links,
  name: string | undefined,
  path: Path,
  severity: Severity = "error",
) {
  const link = name === undefined ? undefined : links.get(name)
  if (name === undefined || name === "lo" || link !== undefined || !named || entry.has(["interfaces", name])) return link
  const near = nearest(name, links.keys())
  const others = links.size === 0 ? "it has none: add one under `interfaces:`" : `it has ${[...links.keys()].join(", ")}`
  const hint = near === undefined ? others : `did you mean \`${near}\`?`
  entry.report(path, "unknown-reference", `${entry.address} has no interface \`${name}\``, { hint, severity })
  return undefined
}

function tellDown({ entry }: DraftContainer, path: Path, summary: string): void {
  entry.report(path, "unreachable-gateway", summary, { hint: "take out `up: false`, or what needs the interface" })
}

function checkHop(container: DraftContainer, all: Links, { dev, via, onlink }: HopEntry, path: Path): void {
  const { entry } = container
  const { links, placed } = all
  const link = checkInterface(container, all, dev, [...path, "dev"])
  if (dev !== undefined && dev !== "lo" && link === undefined) return
  if (link?.up === false) tellDown(container, [...path, "dev"], `interface ${dev} is down: it can carry no route`)
  const ip = via === undefined ? undefined : parseIp(via)
  if (ip === undefined || onlink || [...links].some(([name, l]) => (dev ?? name) === name && l.up && isOnLink(l.subnets, ip))) return
  if (link?.up === false || !placed || isOnRoute(container, ip)) return
  const where = dev === undefined ? `no subnet of ${entry.address} holds it` : `it is in no subnet of ${dev}`
  entry.report([...path, "via"], "unreachable-gateway", `next hop ${via} cannot be reached: ${where}`, {
    hint: "choose an address of a subnet that one of its interfaces is in, or add `dev` and `onlink: true`",
  })
}

/** Another of its routes may put the next hop on a link. */
function isOnRoute({ attributes }: DraftContainer, ip: NonNullable<ReturnType<typeof parseIp>>): boolean {
  const direct = attributes.routes.filter(({ type, via, dev }) => type === undefined && via === undefined && dev !== undefined)
  return isOnLink(
    direct.flatMap(({ to }) => parseCidr(to) ?? []),
    ip,
  )
}

/** The kernel takes no source that is none of the container's own addresses. */
function checkSource({ entry, interfaces }: DraftContainer, { links, placed }: Links, { src }: RouteEntry, path: Path): void {
  const ip = src === undefined ? undefined : parseIp(src)
  const isAutomatic = interfaces.some(({ attributes }) => attributes.address.includes("auto"))
  if (ip === undefined || !placed || isAutomatic) return
  const own = [...links.values()].flatMap(({ subnets }) => subnets)
  if (own.some(({ family, value }) => family === ip.family && value === ip.value)) return
  entry.report([...path, "src"], "bad-route", `${src} is no address of ${entry.address}`, {
    hint: "write one that an interface of it has, without the prefix length",
  })
}

function isEachKnown({ entry, interfaces, source }: DraftContainer): boolean {
  const written = namesIn(source.value, "interfaces").length
  return written === interfaces.length && (written > 0 || !entry.has(["interfaces"]))
}
