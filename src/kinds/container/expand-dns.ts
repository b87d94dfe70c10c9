import { canonicalIp } from "../../base/ip.ts"
import type { ResolvConf } from "../../base/resolv-conf.ts"
import type { Entry } from "../../model/entry.ts"
import { isHostName } from "./expand-extra-hosts.ts"
import type { ContainerAttributes } from "./spec.ts"

/** Compose's words for what stands in resolv.conf(5). */
export interface DnsEntry {
  dns?: string | string[]
  dns_search?: string | string[]
  dns_opt?: string[]
}

/** As many servers as a resolver asks: MAXNS, <resolv.h>. */
const MOST_SERVERS = 3

export function dnsOf({ dns, dns_search, dns_opt = [] }: DnsEntry, entry: Entry): ResolvConf {
  const servers = listed(dns).flatMap((text, i) => {
    const ip = canonicalIp(text)
    if (ip === undefined)
      entry.report(placeOf("dns", dns, i), "bad-address", `\`${text}\` is not an IP address`, {
        hint: "write one such as 10.20.0.1 or fd20::1",
      })
    return ip ?? []
  })
  if (servers.length > MOST_SERVERS)
    entry.report(["dns"], "too-many-servers", `a resolver asks ${MOST_SERVERS} servers, and here are ${servers.length}`, {
      hint: `leave the first ${MOST_SERVERS}`,
    })
  for (const [i, name] of listed(dns_search).entries())
    if (name !== "." && !isHostName(name))
      entry.report(placeOf("dns_search", dns_search, i), "bad-host-name", `\`${name}\` is no domain`, {
        hint: "write one such as lab.example",
      })
  return { dns: servers, dns_search: listed(dns_search), dns_opt }
}

function listed(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : [value].flat()
}

function placeOf(key: string, value: unknown, i: number): (string | number)[] {
  return Array.isArray(value) ? [key, i] : [key]
}

const FILES = { extra_hosts: "/etc/hosts", dns: "/etc/resolv.conf", dns_search: "/etc/resolv.conf", dns_opt: "/etc/resolv.conf" } as const

/** What is mounted there by the file is what is there: nothing can be written into it. The same in a root that is another's. */
export function checkNamed(
  value: DnsEntry & { extra_hosts?: unknown },
  { mounts, secrets, configs, namespaces }: Pick<ContainerAttributes, "mounts" | "secrets" | "configs" | "namespaces">,
  entry: Entry,
): void {
  for (const [key, target] of Object.entries(FILES) as [keyof typeof FILES, string][]) {
    if (value[key] === undefined) continue
    const inTheWay = [target, "/etc"].find((place) => [mounts, secrets, configs].some((some) => Object.hasOwn(some, place)))
    const hint = "take out one of the two"
    if (inTheWay !== undefined)
      entry.reportKey([key], "duplicate-target", `${key} is written to ${target}, where the file has something else mounted`, { hint })
    else if (namespaces.mount !== "new")
      entry.reportKey([key], "no-own-mounts", `${key} is written to ${target} of a mount namespace of its own, which it has not`, { hint })
  }
}
