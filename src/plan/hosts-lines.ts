import type { Address } from "../base/address.ts"
import type { HostsLines } from "../base/hosts-file.ts"
import { joinHosts } from "../base/hosts-file.ts"
import type { HostsAttributes } from "../kinds/hosts/spec.ts"
import { AUTO_LINE } from "../kinds/hosts/spec.ts"
import type { Value } from "../model/resource.ts"

/** The same files with the lines of addresses that the planner has chosen (CIDR, by interface) in the place of those that stood for them. */
export function withChosenAddresses({ names, own }: HostsAttributes, chosen: ReadonlyMap<Address, readonly string[]>): HostsAttributes {
  const settled = (lines: HostsLines) => Object.entries(lines).reduce<HostsLines>((all, line) => addLine(all, line, chosen), {})
  return { names: settled(names), own: Object.fromEntries(Object.entries(own).map(([name, lines]) => [name, settled(lines)])) }
}

/** `lines` is added to. An interface that no address was left for has been told of. */
function addLine(lines: HostsLines, [key, names]: [string, string[]], chosen: ReadonlyMap<Address, readonly string[]>): HostsLines {
  for (const ip of ipsOf(key, chosen))
    lines[ip] = Object.hasOwn(lines, ip) ? (joinHosts({ [ip]: lines[ip] as string[] }, { [ip]: names })[ip] as string[]) : names
  return lines
}

/** True of what stands for addresses that the planner chooses. */
export function isChosen(ip: Value): boolean {
  return typeof ip === "string" && ip.startsWith(AUTO_LINE)
}

function ipsOf(ip: string, chosen: ReadonlyMap<Address, readonly string[]>): string[] {
  if (!isChosen(ip)) return [ip]
  return (chosen.get(ip.slice(AUTO_LINE.length)) ?? []).map((cidr) => cidr.slice(0, cidr.indexOf("/")))
}

/** Servers that a container asks: MAXNS, <resolv.h>. */
const MOST_SERVERS = 3

export function chosenIps(servers: readonly string[], chosen: ReadonlyMap<Address, readonly string[]>): string[] {
  return servers.flatMap((server) => ipsOf(server, chosen)).slice(0, MOST_SERVERS)
}
