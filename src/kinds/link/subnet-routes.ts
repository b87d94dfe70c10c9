import { grouped } from "../../base/grouped.ts"
import type { Kernel, KernelError, Link, LinkRef, NetDump, NetNs, NetRequest, Route } from "../../kernel/kernel.ts"
import { ROUTE_PROTOCOL } from "../../kernel/kernel.ts"
import type { Value } from "../../model/resource.ts"
import { MAIN_TABLE } from "../container/spec-routing.ts"
import { canonicalAddresses, ownAddresses } from "./addresses.ts"
import { prefixesOf, prefixOf } from "./kind-prefix-routes.ts"
import { isDefault, leavesBy } from "./routes.ts"

/** What the kernel says of a next hop that is in no subnet which a link reaches: of IPv4, and of IPv6. */
const NO_WAY = new Set(["ENETUNREACH", "EHOSTUNREACH"])
/** RTPROT_KERNEL: made with the address of a link. rtnetlink(7) */
const RTPROT_KERNEL = 2
/** IP6_RT_PRIO_ADDRCONF: the metric of those of IPv6. */
const METRIC6 = 256

/** True of the refusal of a route whose next hop nothing leads to. */
export function hasNoWay({ errno }: KernelError): boolean {
  return NO_WAY.has(errno)
}

type Append = NetRequest & { op: "route-append" }

/**
 * As `net` of the kernel's port. Where a next hop is refused, and it turns out that somebody has taken away the routes that the kernel made with the
 * addresses of links (`ip route flush table main`), these are set again, and what was refused is asked for once more. In whose place one
 * stood that is deleted now, that one is set again, too.
 */
export function sendRouted(kernel: Kernel, ns: NetNs, requests: readonly NetRequest[]): (KernelError | null)[] {
  const answers = kernel.net(ns, requests)
  const freed = new Set(requests.flatMap((one) => (one.op === "route-delete" && !isDefault(one.to) ? [one.to] : [])))
  if (freed.size > 0) {
    kernel.net(
      ns,
      lostRoutes(kernel.dump(ns)).filter(({ to }) => freed.has(to)),
    )
  }
  // A rule that went after them may have kept next hops from being found.
  const isHidden = requests.some(({ op }) => op === "rule-delete") && answers.some((answer) => answer !== null && mayBeHidden(answer))
  if (isHidden) askAgain(kernel, ns, requests, answers)
  if (!answers.some((answer) => answer !== null && hasNoWay(answer))) return answers
  const lost = lostRoutes(kernel.dump(ns))
  if (lost.length === 0) return answers
  kernel.net(ns, lost)
  askAgain(kernel, ns, requests, answers)
  return answers
}

/** fib_check_nh_v4_gw() says EINVAL of a next hop that a rule hides. */
function mayBeHidden(refusal: KernelError): boolean {
  return hasNoWay(refusal) || refusal.errno === "EINVAL"
}

/** What was refused is asked for once more, and answered anew. */
export function askAgain(kernel: Kernel, ns: NetNs, requests: readonly NetRequest[], answers: (KernelError | null)[]): void {
  const refused = answers.flatMap((answer, i) => (answer === null ? [] : [i]))
  const again = kernel.net(
    ns,
    refused.map((i) => requests[i] as NetRequest),
  )
  for (const [n, i] of refused.entries()) answers[i] = again[n] ?? null
}

/** The routes to the subnets of a link's addresses that are left, where one is not there. */
export function observedPrefixRoutes(dump: NetDump, link: Link): { prefix_routes?: string[] } {
  const lost = new Set(lostOf(dump, link).map(({ to }) => to))
  if (lost.size === 0) return {}
  return { prefix_routes: prefixesOf(canonicalAddresses(dump, link.index)).filter((prefix) => !lost.has(prefix)) }
}

/** Sets those of one link again that are not there; where `wanted` tells which, takes away those of its addresses that are no part of it. */
export function setPrefixRoutes(kernel: Kernel, ns: NetNs, link: LinkRef, wanted: Value | undefined): KernelError | null {
  const dump = kernel.dump(ns)
  const found = dump.links.find(({ index, name }) => link === index || link === name)
  if (found === undefined) return null
  const isWanted = ({ to }: { to: string }) => wanted === undefined || (wanted as string[]).includes(to)
  const made = new Set(prefixesOf(canonicalAddresses(dump, found.index)))
  const spare = routesBeside(dump, found).filter((route) => made.has(route.to) && !isWanted(route) && isMade(route, found.index))
  const answers = kernel.net(ns, [...spare.map(deletionOf), ...lostOf(dump, found).filter(isWanted)])
  return answers.find((answer) => answer !== null && answer.errno !== "EEXIST" && answer.errno !== "ESRCH") ?? null
}

function isMade({ protocol, dev }: Route, index: number): boolean {
  return protocol === RTPROT_KERNEL && dev === index
}

function deletionOf({ to, dev, metric, table }: Route): NetRequest {
  return { op: "route-delete", to, dev, protocol: RTPROT_KERNEL, table, ...(metric === 0 ? {} : { metric }) }
}

/** The table of the vrf that a link is, or is in; undefined: of none. l3mdev_fib_table() */
function vrfTable({ links }: NetDump, { kind, options, master }: Link): number | undefined {
  const vrf = kind === "vrf" ? { options } : links.find((link) => link.kind === "vrf" && link.index === master)
  return vrf === undefined ? undefined : Number(vrf.options?.table)
}

/** Those of the table in which routes come and go with a link's addresses. */
function routesBeside(dump: NetDump, link: Link): readonly Route[] {
  const vrf = vrfTable(dump, link) ?? MAIN_TABLE
  return vrf === MAIN_TABLE ? dump.routes : (dump.vrfRoutes ?? []).filter(({ table }) => table === vrf)
}

function lostRoutes(dump: NetDump): Append[] {
  return dump.links.flatMap((link) => lostOf(dump, link))
}

/**
 * Routes of the main table, or of that of its vrf, that the kernel makes with an address of a link that is up. One of ours to the
 * same place is there in the place of the kernel's, and so is any other by the same link. Of several addresses of a subnet the first one has
 * brought it.
 */
function lostOf(dump: NetDump, link: Link): Append[] {
  const { index, up } = link
  const vrf = vrfTable(dump, link) ?? MAIN_TABLE
  // Of the host's vrfs nothing is read.
  if (!up || (vrf !== MAIN_TABLE && dump.vrfRoutes === undefined)) return []
  const lost = new Map<string, Append>()
  for (const { address, routeless, metric } of ownAddresses(dump, index)) {
    const to = routeless ? undefined : prefixOf(address)
    if (to === undefined || lost.has(to)) continue
    const there = (routesTo(dump).get(to) ?? []).filter(({ table }) => table === vrf)
    if (there.some((route) => route.protocol === ROUTE_PROTOCOL || leavesBy(route, index))) continue
    lost.set(
      to,
      madeRoute(to, { address, dev: index, ...(vrf === MAIN_TABLE ? {} : { table: vrf }), ...(metric === undefined ? {} : { metric }) }),
    )
  }
  return [...lost.values()]
}

/** As the kernel makes it. */
function madeRoute(to: string, { address, ...by }: { address: string; dev: number; metric?: number; table?: number }): Append {
  const own = address.includes(":") ? { metric: METRIC6 } : ({ scope: "link", src: address.slice(0, address.indexOf("/")) } as const)
  return { op: "route-append", to, protocol: RTPROT_KERNEL, ...own, ...by }
}

/** Of each reading, by where they lead. */
const ROUTES = new WeakMap<NetDump, ReadonlyMap<string, Route[]>>()

function routesTo(dump: NetDump): ReadonlyMap<string, Route[]> {
  const known = ROUTES.get(dump) ?? grouped([...dump.routes, ...(dump.vrfRoutes ?? [])], ({ to }) => to)
  ROUTES.set(dump, known)
  return known
}
