import type { Address } from "../../base/address.ts"
import { splitAddress } from "../../base/address.ts"
import type { Scope } from "../../model/driver.ts"
import type { Attributes, KindName, Resource } from "../../model/resource.ts"
import type { BridgeAttributes } from "../bridge/spec.ts"
import type { InterfaceAttributes } from "../interface/spec.ts"
import type { VethAttributes } from "../veth/spec.ts"
import { birthName } from "./birth-name.ts"

/** Who wants a link where: `host/lab-lan`, `container.web/eth0`. */
export type WantedLinks = ReadonlyMap<string, Address>

/** Found once for each observation, for all kinds of links. */
const KNOWN = new WeakMap<Scope, WantedLinks>()

/** The places in which the stack file wants links, of all kinds. */
export function wantedLinks(scope: Scope): WantedLinks {
  const known =
    KNOWN.get(scope) ??
    new Map(scope.desired.resources.flatMap((r) => spotsOf(scope.stack, r).map((spot): [string, Address] => [spot, r.address])))
  KNOWN.set(scope, known)
  return known
}

/**
 * The place in which the last apply wanted a link of that address, by its record. It is asked only of links that neither mark nor file tell
 * the owner of.
 */
export function recordedOwner(scope: Scope, spot: string): Address | undefined {
  return recordedLinks(scope).find(([, spots]) => spots.includes(spot))?.[0]
}

/** What the record of the last apply has of links, each with the places in which that wanted it; none of one that it was changing. */
export function recordedLinks(scope: Scope): (readonly [Address, readonly string[]])[] {
  return [...scope.applied()].map(([address, attributes]) => {
    const kind = splitAddress(address).kind as KindName
    return [address, attributes === null ? [] : spotsOf(scope.stack, { kind, address, attributes })] as const
  })
}

/** The bridges that are to have that hardware address, by the file, then by the record of the last apply. */
export function bridgesOfMac(scope: Scope, mac: string): Address[] {
  const wanted = scope.desired.resources.map(({ address, attributes }) => [address, attributes] as const)
  const all = new Map([...wanted, ...[...scope.applied()].filter(([address]) => scope.resource(address) === undefined)])
  return [...all].flatMap(([address, attributes]) => (splitAddress(address).kind === "bridge" && attributes?.mac === mac ? address : []))
}

function spotsOf(stack: string, { kind, address, attributes }: Pick<Resource, "kind" | "address" | "attributes">): string[] {
  if (kind === "bridge") return [`host/${(attributes as unknown as BridgeAttributes).interface}`]
  if (kind === "veth") return endpointsOf(attributes).map((end) => `${end.container}/${end.interface}`)
  if (kind !== "interface") return []
  const { container, interface: inside, host_interface: outside } = attributes as unknown as InterfaceAttributes
  return outside === undefined
    ? [`${container}/${inside}`, `${container}/${birthName(stack, address)}`]
    : [`host/${outside}`, `${container}/${inside}`]
}

/** A record may say anything. */
function endpointsOf({ endpoints }: Attributes): VethAttributes["endpoints"] {
  return Array.isArray(endpoints) ? (endpoints as unknown as VethAttributes["endpoints"]) : []
}
