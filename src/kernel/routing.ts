import type { LinkRef, NetNs } from "./kernel.ts"

/** The protocol number of every route, rule and neighbour that this program adds: `ip route show proto 115`. */
export const ROUTE_PROTOCOL = 115

/** RTN_*, as `ip route` calls them: those that a stack can have. */
export type RouteType = "unicast" | "local" | "blackhole" | "unreachable" | "prohibit" | "throw"

/** One way of several that a route takes. */
export interface NextHop {
  /** Absent for an on-link one. */
  via?: string
  /** ifindex */
  dev: number
  /** 1 to 256. */
  weight: number
  onlink?: true
}

export interface Route {
  /** `default` is `0.0.0.0/0` or `::/0`. */
  to: string
  /** Absent for an on-link route. In a route of IPv4 also an address of IPv6. */
  via?: string
  /** ifindex; 0: it leads nowhere, or by several next hops. */
  dev: number
  /** Several, in the kernel's order. */
  nexthops?: NextHop[]
  metric: number
  /** RTPROT_*: 2 kernel, 3 boot, 4 static; ours is `ROUTE_PROTOCOL`. */
  protocol: number
  table: number
  type: string
  /** rtnetlink(7): `universe`, `site`, `link`, `host`, `nowhere`. */
  scope?: string
  /** The address that what it carries is sent from. */
  src?: string
  /** The next hop is on the link, whatever the addresses there say. */
  onlink?: true
  mtu?: number
  advmss?: number
}

/** What a route is to be, and by what it is found to be deleted. An absent table is the main one. */
export interface RouteWish extends Partial<Omit<Route, "to" | "dev" | "nexthops" | "protocol">> {
  to: string
  dev?: LinkRef
  nexthops?: readonly (Omit<NextHop, "dev" | "weight"> & { dev?: LinkRef; weight?: number })[]
}

/** The kernel's own, by which it asks the tables of vrfs. <linux/fib_rules.h> */
export const VRF_RULE_PRIORITY = 1000

/** Whether it is that one, or does the same wherever somebody has moved it. */
export function asksVrfs({ other, from, to, iif, oif, fwmark, ipproto, sport, dport, not }: Rule): boolean {
  return other === "l3mdev" && [from, to, iif, oif, fwmark, ipproto, sport, dport, not].every((word) => word === undefined)
}

/** One rule of those by which the kernel chooses a table. ip-rule(8) */
export interface Rule {
  family: "inet" | "inet6"
  priority: number
  /** `lookup` and a table, `goto` and a priority, `nop`, or the word of a route that leads nowhere. */
  type: string
  table?: number
  /** The priority of the rule that is asked next; one that is not there is passed over. */
  goto?: number
  from?: string
  to?: string
  iif?: string
  oif?: string
  fwmark?: number
  /** Of the mark; absent: all bits. */
  fwmask?: number
  /** `tcp`, or the number of a protocol that has no word. */
  ipproto?: string
  /** Ports of TCP, UDP, SCTP: `80`, `8000-8080`. */
  sport?: string
  dport?: string
  /** For what is not as it says. */
  not?: true
  /** Routes with a prefix of so many bits, or fewer, are as none. */
  suppress_prefixlength?: number
  /** What it says besides, which no stack can: the names of attributes. */
  other?: string
}

export interface LiveRule extends Rule {
  protocol: number
}

/** Where a neighbour is, for good; or, without `lladdr`, whom the link answers for. ip-neighbour(8) */
export interface Neighbour {
  to: string
  dev: number
  lladdr?: string
  protocol: number
}

/** What a reading of links, addresses and routes does not tell. */
export interface Routing {
  /** Ours in every table but the main one. */
  routes: Route[]
  /** Of both families, whosever. */
  rules: LiveRule[]
  /** Permanent ones and proxies, whosever; none that was learned. */
  neighbours: Neighbour[]
}

export type RoutingRequest =
  /** `ip route replace …` with our protocol number, unless another is given. */
  | ({ op: "route-replace"; protocol?: number } & RouteWish)
  /** `ip route append …`: beside those to the same place, behind them. */
  | ({ op: "route-append"; protocol: number } & RouteWish)
  | ({ op: "route-delete"; protocol?: number } & RouteWish)
  /** `ip rule add …` */
  | { op: "rule-add"; rule: Rule }
  | { op: "rule-delete"; rule: Rule }
  /** `ip rule add l3mdev priority 1000 protocol kernel`, as the kernel itself makes it with the first vrf of a namespace, and only then. vrf_add_fib_rules() */
  | { op: "vrf-rule-add"; family: Rule["family"] }
  | { op: "vrf-rule-delete"; family: Rule["family"] }
  /** `ip neigh replace TO lladdr MAC dev LINK`; without one: `ip neigh add proxy TO dev LINK` */
  | { op: "neighbour-replace"; to: string; dev: LinkRef; lladdr?: string }
  | { op: "neighbour-delete"; to: string; dev: LinkRef; lladdr?: string }

/** The part of the kernel port that is asked only where a stack uses it. */
export interface RoutingReader {
  /** Rules, neighbours, and routes of other tables than the main one. A dump the kernel marks interrupted is read again. */
  routing(ns: NetNs): Routing
}
