import type { FdbEntry, Link, LiveRule, NetDump, Route } from "../kernel.ts"
import { asksVrfs } from "../kernel.ts"
import type { Connection } from "./conn.ts"
import { RTM_NEWQDISC } from "./constants/pkt-sched.ts"
import { RT_TABLE_MAIN, RTM_NEWLINK, RTM_NEWNEIGH, RTM_NEWROUTE, RTM_NEWRULE } from "./constants/rtnetlink.ts"
import { dumpOf, readAll } from "./dump.ts"
import { encodeFdbDump, readFdbEntry } from "./rtnl/fdb.ts"
import { encodeVlanDump, readPortVlans } from "./rtnl/port-vlans.ts"
import { encodeQdiscDump, impairments, readQdisc } from "./rtnl/qdisc.ts"
import { encodeTableDump } from "./rtnl/route.ts"
import { readRoute } from "./rtnl/route-read.ts"
import { encodeRuleDump, readRule } from "./rtnl/rule.ts"

const ROUTE_TYPES = new Set(["unicast", "local", "blackhole", "unreachable", "prohibit", "throw"])

/** False of what the kernel alone makes: routes for broadcast, multicast, anycast. */
export function isOfSomebody({ type }: Route): boolean {
  return ROUTE_TYPES.has(type)
}

/** Whether there is something about it that the three tables do not tell. */
export function hasRest(dump: NetDump): boolean {
  return isImpaired(dump) || filtersVlans(dump) || forwards(dump) || vrfTables(dump).length > 0
}

/** With that. Throws KernelError. */
export function withRest(connection: Connection, whole: NetDump): NetDump {
  let links = whole.links
  if (isImpaired(whole)) links = withImpairments(connection, links)
  if (filtersVlans(whole)) links = withVlans(connection, links)
  if (forwards(whole)) links = withFdb(connection, links)
  const vrfs = vrfTables(whole)
  return { ...whole, links, ...(vrfs.length === 0 || connection.ns === "host" ? {} : readVrfs(connection, vrfs)) }
}

/** Whether a link has a qdisc that impairs: only then is there more to be asked. */
function isImpaired({ links }: NetDump): boolean {
  return links.some(({ impair }) => impair !== undefined)
}

/** Whether a bridge looks at VLANs: only then is there anything to be asked of its ports. */
function filtersVlans({ links }: NetDump): boolean {
  return links.some(({ bridge }) => bridge?.vlan_filtering === true)
}

/** The VLANs of the ports of those bridges. */
function withVlans(connection: Connection, links: readonly Link[]): Link[] {
  const ports = dumpOf("bridge vlan show", encodeVlanDump, RTM_NEWLINK, readPortVlans)
  readAll(connection, [ports])
  const filtering = new Set(links.filter(({ bridge }) => bridge?.vlan_filtering === true).map(({ index }) => index))
  const found = new Map(ports.found.map(({ index, vlans }) => [index, vlans]))
  return links.map((link) => (filtering.has(link.master) ? { ...link, vlans: found.get(link.index) ?? [] } : link))
}

/** Whether there is a vxlan: only then is there a database of where its frames go. */
function forwards({ links }: NetDump): boolean {
  return links.some(({ kind }) => kind === "vxlan")
}

/**
 * Where the frames of each vxlan go. The kernel enters a `remote` or `group` there when it makes the link, and looks nowhere else: one whose entry is not there is
 * none any more, whatever the link says.
 */
function withFdb(connection: Connection, links: readonly Link[]): Link[] {
  const entries = dumpOf("bridge fdb show", encodeFdbDump, RTM_NEWNEIGH, readFdbEntry)
  readAll(connection, [entries])
  return links.map((link) => {
    if (link.kind !== "vxlan") return link
    const all = entries.found.filter(({ index }) => index === link.index).map(({ entry }) => entry)
    const { remote, group, ...rest } = link.options ?? {}
    const usual = all.find((entry) => isUsual(entry, remote ?? group))
    const fdb = all.filter((entry) => entry !== usual)
    return { ...link, ...(usual === undefined ? { options: rest } : {}), ...(fdb.length === 0 ? {} : { fdb }) }
  })
}

function isUsual({ mac, to, port, vni }: FdbEntry, remote: string | number | undefined): boolean {
  return mac === "00:00:00:00:00:00" && to === remote && port === undefined && vni === undefined
}

/** The tables of vrfs: only then are there routes elsewhere that come and go with addresses. */
function vrfTables({ links }: NetDump): number[] {
  const tables = links.flatMap(({ kind, options }) => (kind === "vrf" && typeof options?.table === "number" ? options.table : []))
  return [...new Set(tables)].filter((table) => table !== RT_TABLE_MAIN)
}

/** What is in those tables, and whether they are asked, in one send. A vrf's table holds the addresses of its links themselves, too. */
function readVrfs(connection: Connection, tables: readonly number[]): Pick<NetDump, "vrfRoutes" | "vrfUnruled"> {
  const rules = dumpOf("ip rule show", encodeRuleDump, RTM_NEWRULE, readRule)
  const dumps = tables.map((table) =>
    dumpOf(`ip route show table ${table}`, (w, sequence) => encodeTableDump(w, sequence, table), RTM_NEWROUTE, readRoute),
  )
  readAll(connection, [rules, ...dumps])
  const vrfRoutes = dumps.flatMap(({ found }, i) =>
    found.filter((route) => route.table === tables[i] && route.type !== "local" && isOfSomebody(route)),
  )
  const vrfUnruled = unruled(rules.found)
  return { vrfRoutes, ...(vrfUnruled.length === 0 ? {} : { vrfUnruled }) }
}

/** A family without any rule is none of this kernel's. */
function unruled(rules: readonly LiveRule[]): LiveRule["family"][] {
  const asked = new Set(rules.filter(asksVrfs).map(({ family }) => family))
  return [...new Set(rules.map(({ family }) => family))].filter((family) => !asked.has(family)).sort()
}

/** What those do. One that has gone since does nothing any more. */
function withImpairments(connection: Connection, links: readonly Link[]): Link[] {
  const qdiscs = dumpOf("tc qdisc show", encodeQdiscDump, RTM_NEWQDISC, readQdisc)
  readAll(connection, [qdiscs])
  const found = impairments(qdiscs.found)
  return links.map(({ impair: _, ...link }) => {
    const impair = found.get(link.index)
    return impair === undefined ? link : { ...link, impair }
  })
}
