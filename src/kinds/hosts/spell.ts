import type { Spelt, SpeltMap } from "../../model/spelt.ts"
import { filled, oneOrList } from "../../model/spelt.ts"
import type { HostsAttributes } from "./spec.ts"

/** What a container's own file has beyond the stack's: its `extra_hosts`. */
export function spellExtraHosts({ names, own }: HostsAttributes, container: string): SpeltMap | undefined {
  const found = new Map<string, string[]>()
  for (const [ip, words] of Object.entries(own[container] ?? {}))
    for (const word of words) if (!(names[ip] ?? []).includes(word)) found.set(word, [...(found.get(word) ?? []), ip])
  return filled(Object.fromEntries([...found].map(([name, ips]) => [name, oneOrList(ips) as Spelt])))
}

/** Of the names of an interface's address (with its prefix length) those that are not its container's, and are no more than that with the stack's domain. */
export function spellAliases(
  { names }: HostsAttributes,
  stack: string,
  [address]: readonly string[],
  known: ReadonlySet<string>,
): Spelt | undefined {
  const line = names[address?.split("/", 1)[0] ?? ""] ?? []
  const others = line.filter((name) => !known.has(name) && !isOfStack(name, line, stack))
  return others.length === 0 ? undefined : others
}

function isOfStack(name: string, line: readonly string[], stack: string): boolean {
  return name.endsWith(`.${stack}`) && line.includes(name.slice(0, -stack.length - 1))
}
