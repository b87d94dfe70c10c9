import { isHostName } from "../kinds/container/expand-extra-hosts.ts"
import type { Draft, DraftContainer } from "./resolve.ts"

/**
 * What a container is called by others, the canonical name first: its host name where that has a domain, its own name (`web-0` of the
 * replica `web[0]`), that of all replicas, its host name. `taken`: names of containers, in small letters, which are nobody else's host name.
 */
export function namesOf({ name, instance, value }: DraftContainer, taken: ReadonlySet<string>): string[] {
  const own = dnsName(name)
  const { hostname } = value
  const free = (other: string) =>
    isHostName(other) && (other.toLowerCase() === instance.base.toLowerCase() || !taken.has(other.toLowerCase()))
  const hostnames = hostname === undefined ? [] : [hostname, hostname.split(".", 1)[0] as string].filter(free)
  const full = hostnames.filter((one) => one.includes("."))
  return [...new Set([...full, own, instance.base, ...hostnames])]
}

/** Of `web[0]`, which no resolver takes, `web-0`. */
export function dnsName(name: string): string {
  return name.replace(/\[(\d+)\]$/, "-$1")
}

/** An alias may be shared with other aliases, but is no container's name. */
export function checkHostNames({ containers, interfaces }: Draft): void {
  const owners = new Map<string, DraftContainer>()
  for (const container of containers) owners.set(container.instance.base.toLowerCase(), container)
  for (const container of containers) owners.set(dnsName(container.name).toLowerCase(), container)
  for (const { container, value, entry } of interfaces) {
    for (const [i, alias] of (value.aliases ?? []).entries()) {
      const owner = owners.get(alias.toLowerCase())
      if (!isHostName(alias))
        entry.report(["aliases", i], "bad-host-name", `\`${alias}\` is no host name`, {
          hint: "letters, digits, `-` and `_` between dots, each part at most 63",
        })
      else if (owner !== undefined && owner.instance.base !== container.instance.base)
        entry.report(["aliases", i], "name-collides", `\`${alias}\` is the name of ${owner.entry.address}`, {
          hint: "an alias may be shared with other aliases, but not with a container's name",
        })
    }
  }
}
