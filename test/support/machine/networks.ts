import type { Process } from "./processes.ts"
import { ifThere, linkOf, said } from "./tools.ts"

// biome-ignore lint/suspicious/noExplicitAny: iproute2's JSON, looked at field by field
type Row = any

const SHOWN = "link show\naddress show\nroute show table all\nneighbour show\nrule show\n"
const SHOWN_OF_V6 = "route show table all\nrule show\n"

/**
 * Links, addresses, routes, neighbours and rules of every network namespace that a process is in, as `ip` tells them; one that goes meanwhile is gone.
 * It is called by the title that comes first of those in it: which pid is the lowest hangs on whether they have begun anew from 1.
 */
export function networks(all: readonly Process[]): string[] {
  const own = linkOf("/proc/self/ns/net")
  const byTitle = [...all].sort((a, b) => (a.title < b.title ? 1 : -1))
  const spaces = new Map(byTitle.map((process) => [linkOf(`/proc/${process.pid}/ns/net`), process]))
  return [...spaces].flatMap(([space, { pid, title }]) => {
    const enter = space === own ? [] : ["nsenter", "-t", String(pid), "-n"]
    return ifThere(() => network(enter), []).map((line) => `${space === own ? "host" : title}: ${line}`)
  })
}

function network(enter: readonly string[]): string[] {
  const [links = [], addresses = [], routes = [], neighbours = [], rules = []] = tables(
    said([...enter, "ip", "-j", "-d", "-b", "-"], SHOWN),
  )
  const [routes6 = [], rules6 = []] = tables(said([...enter, "ip", "-6", "-j", "-d", "-b", "-"], SHOWN_OF_V6))
  return [
    ...links.map(link),
    ...addresses.flatMap(addressesOf),
    ...[...routes, ...routes6].filter(isLasting).map(route),
    ...neighbours.filter((row) => row.state?.includes("PERMANENT")).map((row) => words("neighbour", row, ["dst", "dev", "lladdr"])),
    ...[...rules, ...rules6].map((row) => `rule ${JSON.stringify(row)}`),
  ]
}

/** In batch mode `ip` writes one list a line. */
function tables(text: string): Row[][] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line))
}

function link(row: Row): string {
  const { info_kind = "", info_data = {} } = row.linkinfo ?? {}
  const bridge = words("", info_data, ["stp_state", "ageing_time", "forward_delay", "hello_time", "max_age", "vlan_filtering", "priority"])
  const up = row.flags.includes("UP") ? "up" : "down"
  return `${words("link", row, ["ifname", "group", "mtu", "address", "ifalias", "master"])} ${up} ${info_kind}${info_kind === "bridge" ? bridge : ""}`
}

function addressesOf(row: Row): string[] {
  return (row.addr_info ?? []).map(
    (address: Row) => `${words("address", address, ["local", "prefixlen", "scope", "label"])} on ${row.ifname}`,
  )
}

/**
 * The kernel makes those of IPv6 links itself, a moment after the link comes up; and a router's anycast address for each subnet, which
 * it forgets to take away again where forwarding is switched in the moment in which the address comes.
 */
function isLasting({ dst, type }: Row): boolean {
  return type !== "anycast" && !/^(fe80|ff00)/.test(dst)
}

function route(row: Row): string {
  return words("route", row, ["type", "dst", "gateway", "dev", "metric", "protocol", "table", "prefsrc"])
}

function words(head: string, row: Row, keys: readonly string[]): string {
  return [head, ...keys.flatMap((key) => (row[key] === undefined ? [] : `${key} ${row[key]}`))].join(" ")
}
