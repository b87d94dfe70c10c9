import type { Address } from "../../base/address.ts"
import { grouped } from "../../base/grouped.ts"
import type { BridgeAttributes } from "../../kinds/bridge/spec.ts"
import { expandContainer } from "../../kinds/container/expand.ts"
import type { ContainerAttributes } from "../../kinds/container/spec.ts"
import { spellContainer } from "../../kinds/container/spell.ts"
import type { HostsAttributes } from "../../kinds/hosts/spec.ts"
import { spellAliases, spellExtraHosts } from "../../kinds/hosts/spell.ts"
import { expandInterface } from "../../kinds/interface/expand.ts"
import type { InterfaceAttributes } from "../../kinds/interface/spec.ts"
import { mtuOver } from "../../kinds/interface/spec-mtu.ts"
import { spellInterface, spellLinkKind } from "../../kinds/interface/spell.ts"
import type { NatAttributes } from "../../kinds/nat/spec.ts"
import { spellPorts } from "../../kinds/nat/spell.ts"
import type { VethAttributes } from "../../kinds/veth/spec.ts"
import type { Observed } from "../../model/resource.ts"
import type { Spelt, SpeltMap } from "../../model/spelt.ts"
import { withoutAbsent } from "../../model/spelt.ts"
import { dnsName } from "../host-names.ts"
import { bareEntry } from "./bare-entry.ts"
import { escaped } from "./escaped.ts"
import { mergeReplicas } from "./replicas.ts"
import type { LiveResolver } from "./resolvers.ts"
import { withoutResolvers } from "./resolvers.ts"

interface Parts {
  stack: string
  containers: readonly Observed[]
  interfaces: readonly Observed[]
  veths: readonly Observed[]
  bridges: readonly Observed[]
  nats: readonly Observed[]
  hosts: HostsAttributes
  resolvers: readonly LiveResolver[]
  /** What each container says of its id map. */
  idmaps: ReadonlyMap<Address, Spelt>
}

/** `containers:`, replicas as one entry each; and what cannot be said of them. */
export function spellContainers(parts: Parts): { section: SpeltMap; left: { address: Address; why: string }[] } {
  const groups = grouped(parts.containers, ({ name }) => baseOf(name))
  const left: { address: Address; why: string }[] = []
  const entries = [...groups].map(([base, members]): [string, SpeltMap] => {
    const spelt = members.map((one) => escaped(spellOne(parts, one, groups)) as SpeltMap)
    const [first] = members as [Observed]
    if (first.name === base) return [base, spelt[0] as SpeltMap]
    const { entry, lost } = mergeReplicas(spelt)
    for (const path of lost)
      left.push({ address: `container.${base}`, why: `its replicas differ in ${path}, which is written as that of the first` })
    return [base, entry]
  })
  return { section: Object.fromEntries(entries), left }
}

function baseOf(name: string): string {
  return name.replace(/\[\d+\]$/, "")
}

function spellOne(parts: Parts, one: Observed, groups: ReadonlyMap<string, readonly Observed[]>): SpeltMap {
  const { stack } = parts
  const have = withoutResolvers(one.attributes as unknown as ContainerAttributes, parts.resolvers)
  const usual = expandContainer(
    { namespaces: have.namespaces, ...(have.init === "systemd" ? { init: have.init } : {}) },
    bareEntry(stack, "container", one.name),
  ).attributes
  const ports = parts.interfaces.filter(({ attributes }) => attributes.container === one.address)
  const interfaces = Object.fromEntries(ports.map((port) => [port.attributes.interface as string, spellPort(parts, one, port)]))
  const dependsOn = dependencies(have.depends_on, groups)
  const published = ports.flatMap((port) => publishedBy(parts, port))
  const spelt = spellContainer(have, {
    usual,
    extraHosts: spellExtraHosts(parts.hosts, one.name),
    idmap: parts.idmaps.get(one.address),
    interfaces,
    dependsOn,
    conditions: conditionsOf(dependsOn, have),
  })
  return published.length === 0 ? spelt : { ...spelt, ports: published }
}

function publishedBy({ bridges, nats }: Parts, { attributes }: Observed): string[] {
  const { address, bridge } = attributes as unknown as InterfaceAttributes
  const lan = bridges.find((one) => one.address === bridge)
  const nat = nats.find(({ name }) => name === lan?.name)?.attributes as unknown as NatAttributes | undefined
  return lan === undefined || nat === undefined ? [] : spellPorts(nat, address, (lan.attributes as unknown as BridgeAttributes).address)
}

function spellPort(parts: Parts, { name }: Observed, { name: port, attributes }: Observed): SpeltMap {
  const { stack, bridges, hosts, containers } = parts
  const have = attributes as unknown as InterfaceAttributes
  const lan = bridges.find(({ address }) => address === have.bridge)?.attributes as BridgeAttributes | undefined
  const entry = bareEntry(stack, "interface", port, lan && { ...lan, whole: true })
  const usual = expandInterface(spellLinkKind(have), entry, name, have.interface).attributes
  const spelt = spellInterface(have, { ...usual, ...takenOver(parts, have) } as InterfaceAttributes)
  const aliases = spellAliases(hosts, stack, have.address, new Set(containers.flatMap(calledSo)))
  return aliases === undefined ? spelt : { ...spelt, aliases }
}

/** What one that lies on another link of its container has of that, where nothing is said. */
function takenOver({ interfaces, veths }: Parts, { link, parent, container }: InterfaceAttributes): { mtu?: number; up?: boolean } {
  if (link?.link === undefined) return {}
  const lower = [...interfaces, ...veths].find(({ address }) => address === parent)?.attributes ?? {}
  const { mtu, up, endpoints } = lower as unknown as Partial<InterfaceAttributes & VethAttributes>
  const end = endpoints?.find((one) => one.container === container && one.interface === link.link)
  return withoutAbsent({
    mtu: mtu === undefined ? undefined : mtuOver(link.kind, mtu),
    up: link.kind === "vlan" ? (end?.up ?? up) : undefined,
  })
}

/** The names that others find a container by, whatever is said of its aliases. */
function calledSo({ name, attributes }: Observed): string[] {
  const { hostname } = attributes as Partial<ContainerAttributes>
  return [dnsName(name), baseOf(name), ...(hostname ? [hostname, hostname.split(".", 1)[0] as string] : [])]
}

/** Of replicas that are called by one name the conditions are one. */
function conditionsOf(names: readonly string[], { conditions }: ContainerAttributes): { [name: string]: string } {
  const found = names.flatMap((name) => {
    const is = conditions[`container.${name}`] ?? conditions[`container.${name}[0]`]
    return is === undefined ? [] : [[name, is] as const]
  })
  return Object.fromEntries(found)
}

/** All replicas of a container are called by its name. */
function dependencies(addresses: readonly Address[], groups: ReadonlyMap<string, readonly Observed[]>): string[] {
  const names = addresses.map((address) => address.slice("container.".length))
  const named = new Set(names)
  const whole = (name: string) => (groups.get(baseOf(name)) ?? []).every((other) => named.has(other.name))
  return [...new Set(names.map((name) => (whole(name) ? baseOf(name) : name)))]
}
