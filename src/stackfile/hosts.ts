import type { HostsLines } from "../base/hosts-file.ts"
import { joinHosts } from "../base/hosts-file.ts"
import { formatIp, parseCidr } from "../base/ip.ts"
import type { ExtraHost } from "../kinds/container/expand-extra-hosts.ts"
import { extraHostsOf, HOST_GATEWAY } from "../kinds/container/expand-extra-hosts.ts"
import { containerRelations } from "../kinds/container/relations.ts"
import { givensIn } from "../kinds/container/spec-given.ts"
import type { HostsAttributes, HostsFile } from "../kinds/hosts/spec.ts"
import { AUTO_LINE } from "../kinds/hosts/spec.ts"
import { checkHostNames, namesOf } from "./host-names.ts"
import type { Draft, DraftContainer } from "./resolve.ts"

/** Where a resolver looks for names. hosts(5) */
const PLACE = "/etc/hosts"
const LOCALHOST: HostsLines = { "127.0.0.1": ["localhost"], "::1": ["localhost", "ip6-localhost", "ip6-loopback"] }

/**
 * The names by which containers of the stack find each other, and which file each of them sees: undefined where none needs one. One file
 * serves all, so that a container that comes or goes is one write, however many others there are; who has names of its own
 * (`extra_hosts`) has a copy with these. docs/decisions/0022
 */
export function connectHosts(draft: Draft): HostsAttributes | undefined {
  const network = networkOf(draft)
  const extras = new Map([...draft.containers, ...draft.spare].map((one) => [one, extraHostsOf(one.value.extra_hosts, one.entry)]))
  checkHostNames(draft)
  const wanted = draft.containers.some((one) => network.addressesOf(one).length > 0)
  const names = joinHosts(LOCALHOST, wanted ? linesOf(draft, network) : {})
  const own: { [container: string]: HostsLines } = {}
  for (const container of draft.containers) {
    const owner = network.ownerOf(container)
    const more = extrasOf(container, owner, extras, draft)
    const sees = isTheirs(container) ? "image" : more.length > 0 ? "own" : network.addressesOf(container).length > 0 ? "stack" : "image"
    if (sees === "own") own[container.name] = joinHosts(names, gathered(more))
    if (sees !== "image") seeing(container, sees)
  }
  return wanted || Object.keys(own).length > 0 ? { names, own } : undefined
}

function seeing(container: DraftContainer, hosts: HostsFile): void {
  container.attributes = { ...container.attributes, hosts }
  container.references = containerRelations(container.attributes).references
}

/** What the user puts there, or above it, is what is there; in another's mount namespace it is that one's. */
function isTheirs({ attributes }: DraftContainer): boolean {
  const targets = [...Object.keys(attributes.mounts), ...givensIn(attributes).map(([target]) => target)]
  return attributes.namespaces.mount !== "new" || targets.includes(PLACE) || targets.includes("/etc")
}

interface Network {
  /** Whose network a container is in; undefined: the host's. */
  ownerOf(container: DraftContainer): DraftContainer | undefined
  /** In the order of the file; `auto:INTERFACE` of one that is not chosen yet. */
  addressesOf(container: DraftContainer): { ip: string; aliases: readonly string[] }[]
}

function networkOf({ containers, veths }: Draft): Network {
  const byName = new Map(containers.map((one) => [one.name, one]))
  const ends = new Map<string, string[]>()
  for (const { container, address } of veths.flatMap(({ attributes }) => attributes.endpoints)) {
    const those = ends.get(container)
    if (those === undefined) ends.set(container, [...address])
    else those.push(...address)
  }
  const ownerOf = (container: DraftContainer) => {
    const { net } = container.attributes.namespaces
    return net === "new" ? container : byName.get(net.replace(/^container:/, ""))
  }
  const known = new Map<DraftContainer, ReturnType<Network["addressesOf"]>>()
  const found = (owner: DraftContainer) => [
    ...owner.interfaces.flatMap(({ attributes, entry, value }) =>
      attributes.address.map((text) => ({
        ip: text === "auto" ? `${AUTO_LINE}${entry.address}` : ipOf(text),
        aliases: value.aliases ?? [],
      })),
    ),
    ...(ends.get(owner.entry.address) ?? []).map((text) => ({ ip: ipOf(text), aliases: [] })),
  ]
  return {
    ownerOf,
    addressesOf(container) {
      const owner = ownerOf(container)
      if (owner === undefined) return []
      const addresses = known.get(owner) ?? found(owner)
      known.set(owner, addresses)
      return addresses
    },
  }
}

/** Of a canonical address, without its prefix length. */
function ipOf(cidr: string): string {
  return cidr.split("/", 1)[0] as string
}

/** For each address the names of all containers that have it. */
function linesOf(draft: Draft, network: Network): HostsLines {
  const taken = new Set(draft.containers.map(({ instance }) => instance.base.toLowerCase()))
  const lines: HostsLines = {}
  const shared = new Set<string>()
  const isOwner = (container: DraftContainer) => network.ownerOf(container) === container
  // Whose network it is, comes first; whatever the order of the file.
  const inOrder = [...draft.containers].sort((a, b) => Number(isOwner(b)) - Number(isOwner(a)) || (a.name < b.name ? -1 : 1))
  for (const container of inOrder) {
    const own = namesOf(container, taken)
    const usual = inStack(own, draft.stack)
    for (const { ip, aliases } of network.addressesOf(container)) {
      const names = aliases.length > 0 && isOwner(container) ? inStack([...own, ...aliases], draft.stack) : usual
      const line = lines[ip]
      if (line === undefined) lines[ip] = [...names]
      else {
        line.push(...names)
        shared.add(ip)
      }
    }
  }
  for (const ip of shared) lines[ip] = [...new Set(lines[ip])]
  return lines
}

/** Each name that has no domain once more in that of the stack; none twice. */
function inStack(names: readonly string[], stack: string): string[] {
  return [...new Set([...names, ...names.filter((name) => !name.includes(".")).map((name) => `${name}.${stack}`)])]
}

/** Those who share a network share its names: they are written where the network is. */
function extrasOf(
  container: DraftContainer,
  owner: DraftContainer | undefined,
  extras: ReadonlyMap<DraftContainer, readonly ExtraHost[]>,
  draft: Draft,
): { name: string; ip: string }[] {
  const its = extras.get(container) ?? []
  if (owner !== undefined && owner !== container && its.length > 0)
    container.entry.reportKey(
      ["extra_hosts"],
      "shared-hosts",
      `${container.entry.address} has the network of ${owner.entry.address}, and its names`,
      {
        hint: `write them on ${owner.entry.address}`,
      },
    )
  const source = owner ?? container
  return (extras.get(source) ?? []).flatMap(({ name, ip, path }) => {
    if (ip !== HOST_GATEWAY) return { name, ip }
    const gateways = gatewaysOf(source, draft)
    if (gateways.length === 0 && source === container)
      source.entry.report(path, "no-host-gateway", `the host has no address on a link of ${source.entry.address}`, {
        hint: "give a bridge that it is on an address (`bridges.*.address`), or write an address here",
      })
    return gateways.map((gateway) => ({ name, ip: gateway }))
  })
}

/** The host's addresses on the first bridge that it has some on: one of each family. In the host's own network that is `lo`. */
function gatewaysOf({ interfaces, attributes }: DraftContainer, { bridges }: Draft): string[] {
  if (attributes.namespaces.net === "host") return ["127.0.0.1"]
  for (const { attributes: its } of interfaces) {
    const ips = bridges.find(({ entry }) => entry.address === its.bridge)?.attributes.address.flatMap((text) => parseCidr(text) ?? []) ?? []
    const first = ([4, 6] as const).flatMap((family) => ips.find((ip) => ip.family === family) ?? [])
    if (first.length > 0) return first.map(formatIp)
  }
  return []
}

function gathered(extras: readonly { name: string; ip: string }[]): HostsLines {
  return extras.reduce<HostsLines>((lines, { name, ip }) => joinHosts(lines, { [ip]: [name] }), {})
}
