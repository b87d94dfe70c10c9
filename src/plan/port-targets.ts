import type { Cidr } from "../base/ip.ts"
import { contains, formatIp, parseCidr } from "../base/ip.ts"
import type { BridgeAttributes } from "../kinds/bridge/spec.ts"
import type { InterfaceAttributes } from "../kinds/interface/spec.ts"
import type { NatAttributes } from "../kinds/nat/spec.ts"
import type { PortTarget } from "../kinds/nat/spec-ports.ts"
import { formatTarget, parsePublished } from "../kinds/nat/spec-ports.ts"
import type { Attributes, Resource } from "../model/resource.ts"

/** The resources with the addresses that published ports lead to, once all interfaces have theirs. */
export function withTargets(resources: readonly Resource[]): readonly Resource[] {
  if (!resources.some(({ kind, attributes }) => kind === "nat" && Object.keys(portsIn(attributes)).length > 0)) return resources
  const known = new Map(resources.map((one) => [one.address, one]))
  return resources.map((resource) => {
    if (resource.kind !== "nat") return resource
    const ports = Object.entries(portsIn(resource.attributes)).map(([published, target]) => [
      published,
      Array.isArray(target) ? target : targetsOf(published, target, known),
    ])
    return { ...resource, attributes: { ...resource.attributes, ports: Object.fromEntries(ports) } }
  })
}

function portsIn(attributes: Attributes): NatAttributes["ports"] {
  return (attributes as unknown as NatAttributes).ports
}

/** One address of each family: the first that lies in a subnet of the bridge, by which the host reaches it. */
function targetsOf(published: string, { interface: address, port }: PortTarget, known: ReadonlyMap<string, Resource>): string[] {
  const link = known.get(address)?.attributes as unknown as InterfaceAttributes | undefined
  const bridge = known.get(link?.bridge ?? "")?.attributes as unknown as BridgeAttributes | undefined
  const subnets = cidrs(bridge?.address)
  const host = parsePublished(published)?.host ?? ""
  const families = host === "" ? [4, 6] : [host.includes(":") ? 6 : 4]
  return families
    .flatMap((family) => cidrs(link?.address).find((ip) => ip.family === family && subnets.some((subnet) => contains(subnet, ip))) ?? [])
    .map((ip) => formatTarget(formatIp(ip), port))
    .sort()
}

function cidrs(addresses: readonly string[] | undefined): Cidr[] {
  return (addresses ?? []).flatMap((text) => parseCidr(text) ?? [])
}
