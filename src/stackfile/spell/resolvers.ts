import type { Address } from "../../base/address.ts"
import { resolverName } from "../../kinds/bridge/expand-resolver.ts"
import type { ContainerAttributes } from "../../kinds/container/spec.ts"
import { RESOLVER_IMAGE } from "../../kinds/image/spec.ts"
import type { InterfaceAttributes } from "../../kinds/interface/spec.ts"
import type { Observed } from "../../model/resource.ts"
import type { SpeltMap } from "../../model/spelt.ts"
import { oneOrList, withoutAbsent } from "../../model/spelt.ts"

/** What answers on a bridge for the stack's names: no file has an entry for the container. */
export interface LiveResolver {
  container: Address
  interface: Address
  bridge: Address
  addresses: readonly string[]
  upstream: readonly string[]
}

/** Behind `/stack-resolver PORT DOMAIN HOSTS`. */
const FIRST_UPSTREAM = 4

export function resolversIn(resources: readonly Observed[]): LiveResolver[] {
  return resources.flatMap(({ kind, address, name, attributes }): LiveResolver[] => {
    if (kind !== "container" || attributes.image !== RESOLVER_IMAGE) return []
    const port = resources.find((one) => one.kind === "interface" && one.attributes.container === address)
    if (port === undefined) return []
    const { bridge, address: addresses } = port.attributes as unknown as InterfaceAttributes
    if (bridge === undefined || resolverName(bridge.slice("bridge.".length)) !== name) return []
    const { argv } = attributes as unknown as ContainerAttributes
    return [{ container: address, interface: port.address, bridge, addresses, upstream: argv.slice(FIRST_UPSTREAM) }]
  })
}

/** What a bridge says of its resolver. */
export function spellResolver(bridge: Address, resolvers: readonly LiveResolver[]): SpeltMap {
  const its = resolvers.find((one) => one.bridge === bridge)
  return its === undefined
    ? {}
    : { resolver: withoutAbsent({ address: oneOrList([...its.addresses]), upstream: oneOrList([...its.upstream]) }) }
}

/** Whom a container asks, and waits for, need not be said where it is the resolver of its bridge. */
export function withoutResolvers(have: ContainerAttributes, resolvers: readonly LiveResolver[]): ContainerAttributes {
  const its = resolvers.filter(({ container }) => have.depends_on.includes(container))
  const ips = its.flatMap(({ addresses }) => addresses.map((cidr) => cidr.split("/", 1)[0]))
  if (its.length === 0 || have.dns.length === 0 || !have.dns.every((ip) => ips.includes(ip))) return have
  return { ...have, dns: [], depends_on: have.depends_on.filter((address) => !its.some(({ container }) => container === address)) }
}
