import { canonicalIp } from "../base/ip.ts"
import type { BridgeEntry } from "../kinds/bridge/expand.ts"
import type { ResolverEntry } from "../kinds/bridge/expand-resolver.ts"
import { gatewaysOf, MOST_UPSTREAMS, resolverContainer, resolverName, upstreamsOf } from "../kinds/bridge/expand-resolver.ts"
import { containerRelations } from "../kinds/container/relations.ts"
import { givensIn } from "../kinds/container/spec-given.ts"
import { AUTO_LINE } from "../kinds/hosts/spec.ts"
import { RESOLVER_IMAGE } from "../kinds/image/spec.ts"
import { sectionOf } from "./entry.ts"
import type { MapEntry, MapNode, Node, Spot } from "./node.ts"
import { child } from "./node.ts"
import type { Instance } from "./replicas.ts"
import type { Draft, DraftBridge, DraftContainer } from "./resolve.ts"

/** A container for each bridge that asks for one. Whatever is to be said of it is said where the bridge asks. docs/decisions/0031 */
export function resolverInstances(stack: string, root: MapNode, plain: { [key: string]: unknown }): Instance[] {
  return sectionOf(root, plain, "bridges").flatMap(({ name, source, value }): Instance[] => {
    const bridge = (value ?? {}) as BridgeEntry
    const entry = resolverOf(bridge)
    const at = source.value.kind === "map" ? source.value.entries.get("resolver") : undefined
    if (entry === undefined || at === undefined) return []
    const own = resolverName(name)
    const its = resolverContainer(stack, { name, address: [bridge.address ?? []].flat() }, entry)
    return [{ name: own, base: own, source: { key: at.key, value: nodeOf(its, at) }, plain: its, active: true, spare: false }]
  })
}

function resolverOf({ resolver }: BridgeEntry): ResolverEntry | undefined {
  return resolver === true ? {} : resolver === false ? undefined : resolver
}

/** As if it were written in the place of that entry's value; an address where that says it. */
function nodeOf(value: unknown, at: MapEntry): Node {
  const { file, start, end }: Spot = at.value
  if (Array.isArray(value)) return { kind: "list", file, start, end, items: value.map((one) => nodeOf(one, at)) }
  if (typeof value !== "object" || value === null)
    return { kind: "scalar", file, start, end, value: value as string | number | boolean, plain: false, source: String(value) }
  const entries = Object.entries(value).map(([key, one]): [string, MapEntry] => {
    const written = key === "address" ? child(at.value, key) : undefined
    return [key, { key: at.key, value: written ?? nodeOf(one, at) }]
  })
  return { kind: "map", file, start, end, entries: new Map(entries) }
}

/** What a bridge says of its resolver that cannot be, and a container of the file that has its name. */
export function checkResolvers({ bridges }: Draft, root: MapNode): void {
  for (const bridge of bridges) {
    const entry = resolverOf(bridge.value)
    if (entry === undefined) continue
    const name = resolverName(bridge.name)
    if (child(child(root, "containers"), name) !== undefined)
      bridge.entry.reportKey(
        ["resolver"],
        "name-collides",
        `the resolver of ${bridge.entry.address} is container.${name}, and the file has one of that name`,
        {
          hint: "give that container another name",
        },
      )
    checkUpstreams(bridge, entry)
  }
}

function checkUpstreams({ entry, value, attributes }: DraftBridge, resolver: ResolverEntry): void {
  const written = upstreamsOf(resolver)
  const path = (i: number) => ["resolver", "upstream", ...(Array.isArray(resolver.upstream) ? [i] : [])]
  if (written.length > MOST_UPSTREAMS)
    entry.report(
      ["resolver", "upstream"],
      "too-many-servers",
      `a resolver asks ${MOST_UPSTREAMS} servers, and here are ${written.length}`,
      {
        hint: `leave the first ${MOST_UPSTREAMS}`,
      },
    )
  for (const [i, text] of written.entries()) {
    const ip = canonicalIp(text)
    const family = ip?.includes(":") ? "IPv6" : "IPv4"
    if (ip === undefined)
      entry.report(path(i), "bad-address", `\`${text}\` is not an IP address`, { hint: "write one such as 192.0.2.53 or 2001:db8::53" })
    else if (value.internal === true)
      entry.report(path(i), "no-way-out", `nothing leaves ${entry.address}, which is internal: ${ip} cannot be asked`, {
        hint: "take out `upstream` or `internal`",
      })
    else if (gatewaysOf(attributes.address, [ip]).length === 0 && attributes.address.length > 0)
      entry.report(path(i), "no-way-out", `the host has no ${family} address on ${entry.address}, by which ${ip} could be asked`, {
        hint: `give the bridge one, and \`nat: true\``,
      })
  }
}

/** Who is asked by a container of which the file says nothing: MAXNS, <resolv.h>. */
const MOST_SERVERS = 3
const RESOLV_CONF = "/etc/resolv.conf"

/** Containers on such a bridge ask its resolver, and begin when it answers, unless they say themselves whom they ask. */
export function connectResolvers(draft: Draft): void {
  const resolvers = new Map(
    draft.containers.flatMap((one) => (isResolver(one) ? one.interfaces.map((its) => [its.attributes.bridge, one]) : [])),
  )
  if (resolvers.size === 0) return
  const byName = new Map(draft.containers.map((one) => [one.name, one]))
  for (const container of draft.containers) {
    if (isResolver(container) || saysItself(container)) continue
    const { net } = container.attributes.namespaces
    const owner = net === "new" ? container : byName.get(net.replace(/^container:/, ""))
    const on = (owner?.interfaces ?? []).filter(({ attributes }) => attributes.address.length > 0)
    const asked = [...new Set(on.flatMap(({ attributes }) => resolvers.get(attributes.bridge) ?? []))]
    if (asked.length > 0) asking(container, asked)
  }
}

function isResolver({ attributes }: DraftContainer): boolean {
  return attributes.image === RESOLVER_IMAGE
}

/** Also by what is mounted there; in a mount namespace that is another's it is that one's to say. */
function saysItself({ value, attributes }: DraftContainer): boolean {
  const targets = [...Object.keys(attributes.mounts), ...givensIn(attributes).map(([target]) => target)]
  return value.dns !== undefined || attributes.namespaces.mount !== "new" || targets.includes(RESOLV_CONF) || targets.includes("/etc")
}

function asking(container: DraftContainer, resolvers: readonly DraftContainer[]): void {
  const dns = resolvers.flatMap(({ interfaces }) =>
    interfaces.flatMap(({ entry, attributes }) => serversOf(entry.address, attributes.address)),
  )
  const depends_on = [...new Set([...container.attributes.depends_on, ...resolvers.map(({ entry }) => entry.address)])].sort()
  container.attributes = { ...container.attributes, dns: dns.slice(0, MOST_SERVERS), depends_on }
  container.references = containerRelations(container.attributes).references
}

/** One that the planner has not chosen yet stands for those that it will be. */
function serversOf(address: string, own: readonly string[]): string[] {
  return own.map((text) => (text === "auto" ? `${AUTO_LINE}${address}` : (text.split("/", 1)[0] as string)))
}
