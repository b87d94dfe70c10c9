/** The largest of a route, in bytes: of larger ones the kernel makes these, and says nothing. ip_metrics_convert() in net/ipv4/metrics.c */
export const MOST_MTU = 65_535 - 15
export const MOST_ADVMSS = 65_535 - 40

/** Of a route that says nothing of it: `unicast`. */
export type RouteType = "local" | "blackhole" | "unreachable" | "prohibit" | "throw"

export interface NextHopSpec {
  via?: string
  dev?: string
  /** Absent: 1. */
  weight?: number
  onlink?: true
}

/** A route in canonical form: what is as usual is absent. ip-route(8) */
export interface RouteSpec {
  to: string
  type?: RouteType
  via?: string
  dev?: string
  /** Two or more, in the order of their texts. */
  nexthops?: NextHopSpec[]
  /** Absent: the main one, 254. */
  table?: number
  metric?: number
  src?: string
  /** Where it is not the usual one of such a route. */
  scope?: string
  onlink?: true
  mtu?: number
  advmss?: number
  /** Of one that is given back as it was found, and of none else: by which link each next hop was reached. */
  ways?: { readonly [via: string]: string }
}

/** A rule in canonical form. ip-rule(8) */
export interface RuleSpec {
  priority: number
  /** Absent: IPv4. */
  family?: "inet6"
  not?: true
  from?: string
  to?: string
  iif?: string
  oif?: string
  fwmark?: number
  fwmask?: number
  /** A word or a number; ports are `80`, or `8000-8080`. */
  ipproto?: string
  sport?: string
  dport?: string
  /** Absent: `lookup`, and `table` says where, or `goto`. */
  type?: "blackhole" | "unreachable" | "prohibit"
  table?: number
  goto?: number
  suppress_prefixlength?: number
  /** Only ever observed: what it says besides. */
  other?: string
}

/** In the order in which a file's rule has them: the kernel's messages have another one. */
const RULE_KEYS = [
  ...(["priority", "family", "not", "from", "to", "iif", "oif", "fwmark", "fwmask", "ipproto", "sport", "dport"] as const),
  ...(["type", "table", "goto", "suppress_prefixlength", "other"] as const),
] satisfies (keyof RuleSpec)[]

/** The same rule, spelt as one of a file is. */
export function speltRule(rule: RuleSpec): RuleSpec {
  return Object.fromEntries(RULE_KEYS.flatMap((key) => (rule[key] === undefined ? [] : [[key, rule[key]]]))) as unknown as RuleSpec
}

/** A neighbour that is not learned, or, as a proxy, one that the link answers for. ip-neighbour(8) */
export interface NeighbourSpec {
  to: string
  dev: string
  lladdr?: string
  proxy?: true
}

export const MAIN_TABLE = 254

/** Types that go nowhere by a link. */
export const NOWHERE: ReadonlySet<string> = new Set(["blackhole", "unreachable", "prohibit", "throw"])

/** The kernel's own metric of an IPv6 route that was given none. <net/ip6_route.h> IP6_RT_PRIO_USER */
const IPV6_METRIC = 1024

/** The metric of a route that was given none. */
export function defaultMetric(to: string): number {
  return to.includes(":") ? IPV6_METRIC : 0
}

/** What no two routes can have in common: setting the second takes the first one's place. */
export function routePlace({ to, table, metric }: Pick<RouteSpec, "to" | "table" | "metric">): string {
  return `${to} ${table ?? MAIN_TABLE} ${metric ?? defaultMetric(to)}`
}

/** What tells the scope of a route that says none. */
interface Reach {
  to: string
  type?: string | undefined
  via?: string | undefined
  nexthops?: unknown
}

/** The scope that ip(8) gives where none is said. IPv6 has none. */
export function usualScope({ to, type = "unicast", via, nexthops }: Reach): string {
  if (to.includes(":")) return "universe"
  if (type === "local") return "host"
  return type === "unicast" && via === undefined && nexthops === undefined ? "link" : "universe"
}

/** One order of the same things, whoever lists them. */
export function inOrder<T>(list: readonly T[], keyOf: (item: T) => string): T[] {
  const keyed = list.map((item) => [keyOf(item), item] as const)
  return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, item]) => item)
}

export function hopKey({ via, dev, weight, onlink }: NextHopSpec): string {
  return `${via ?? ""} ${dev ?? ""} ${weight ?? 1} ${onlink ?? ""}`
}

export function routeKey(r: RouteSpec): string {
  const own = `${r.to} ${r.via ?? ""} ${r.dev ?? ""} ${r.metric ?? 0}`
  const hops = (r.nexthops ?? []).map(hopKey).join(",")
  return `${own} ${r.table ?? ""} ${r.type ?? ""} ${r.src ?? ""} ${r.scope ?? ""} ${r.onlink ?? ""} ${r.mtu ?? ""} ${r.advmss ?? ""} ${hops}`
}

/** By priority, as the kernel asks them. */
export function ruleKey({ priority, ...r }: RuleSpec): string {
  const selector = [r.family, r.not, r.from, r.to, r.iif, r.oif, r.fwmark, r.fwmask, r.ipproto, r.sport, r.dport]
  const rest = [...selector, r.type, r.table, r.goto, r.suppress_prefixlength, r.other]
  return `${String(priority).padStart(10, "0")} ${rest.map((word) => word ?? "").join(" ")}`
}

export function neighbourKey({ to, dev, proxy, lladdr }: NeighbourSpec): string {
  return `${to} ${dev} ${proxy ?? ""} ${lladdr ?? ""}`
}

/** What a reading of links, addresses and the main table does not tell: it takes another one. */
export function needsRouting(attributes: {
  routes?: readonly RouteSpec[]
  rules?: readonly RuleSpec[]
  neighbours?: readonly NeighbourSpec[]
}): boolean {
  const { routes = [], rules = [], neighbours = [] } = attributes
  return rules.length > 0 || neighbours.length > 0 || routes.some(({ table }) => table !== undefined)
}
