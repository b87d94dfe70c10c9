import type { PublishedPort } from "../kinds/nat/expand.ts"
import { expandNat } from "../kinds/nat/expand.ts"
import type { WishedPort } from "../kinds/nat/expand-ports.ts"
import { wishedPorts } from "../kinds/nat/expand-ports.ts"
import { formatPublished } from "../kinds/nat/spec-ports.ts"
import type { Reference } from "../model/resource.ts"
import { explainNoWay } from "./no-way.ts"
import type { MapEntry, Path } from "./node.ts"
import type { DraftBridge, DraftContainer, DraftInterface, DraftNat } from "./resolve.ts"
import { bridgeOf, familiesOn } from "./ways.ts"

/** A port that has found its way, and where the file says so. */
export interface DraftPort extends PublishedPort {
  container: DraftContainer
  interface: DraftInterface
  source: MapEntry
  path: Path
}

/** What becomes of the packets of each bridge, as it says and the ports of its containers do: a resource of its own, for those of which there is something to say. */
export function natsOf(bridges: readonly DraftBridge[], containers: readonly DraftContainer[]): { nats: DraftNat[]; ports: DraftPort[] } {
  const ports = containers.flatMap((container) => portsOf(container, bridges))
  const nats = bridges.flatMap((bridge) => {
    const own = ports.filter((port) => port.interface.attributes.bridge === bridge.entry.address)
    const others = bridges.filter((other) => other !== bridge)
    const attributes = expandNat(bridge.value, { ...bridge.attributes, name: bridge.name }, bridge.entry, {
      ports: own,
      others: others.map(nameOf),
      silent: others.filter(isSilent).map(nameOf).sort(),
    })
    return attributes === undefined ? [] : [natOf(bridge, attributes, own)]
  })
  return { nats, ports }
}

function nameOf({ attributes }: DraftBridge): string {
  return attributes.interface
}

/** The host has no address there, and none that others may give it. */
function isSilent({ attributes, entry }: DraftBridge): boolean {
  return attributes.address.length === 0 && attributes.accept_ra !== true && !entry.has(["ignore_drift"])
}

/** A resource of its own, written in the bridge's entry and those of its containers. A link that is made anew has to be told again. */
function natOf(bridge: DraftBridge, attributes: DraftNat["attributes"], ports: readonly DraftPort[]): DraftNat {
  const { name, entry } = bridge
  const links = [...new Set(ports.map((port) => port.interface.entry.address))].sort()
  const onReplace: Reference["onReplace"] = ports.length === 0 ? "none" : { update: "hairpin" }
  return {
    ...bridge,
    kind: "nat",
    entry: { ...entry, address: `nat.${name}` },
    attributes,
    references: [entry.address, ...links].map((address) => ({ address, onReplace })),
    spots: new Map(ports.map((port) => [formatPublished(port.published), { source: port.source, path: port.path }])),
  }
}

/** What a container publishes, each by the first of its interfaces that can be reached so. */
export function portsOf(container: DraftContainer, bridges: readonly DraftBridge[]): DraftPort[] {
  const { entry, value, source } = container
  const wishes = wishedPorts(value.ports, entry)
  return wishes.flatMap((wish): DraftPort[] => {
    const way = wayOf(wish, container, bridges)
    if (way !== undefined) {
      const target = { interface: way.interface.entry.address, port: wish.port }
      return [{ ...way, published: wish.published, target, container, source, path: wish.path }]
    }
    explainNoWay(wish, container, bridges)
    return []
  })
}

type Way = Pick<DraftPort, "interface" | "families" | "link">

function wayOf({ published: { host } }: WishedPort, { interfaces }: DraftContainer, bridges: readonly DraftBridge[]): Way | undefined {
  for (const one of interfaces) {
    const bridge = bridgeOf(one, bridges)
    const link = one.attributes.host_interface
    if (bridge === undefined || link === undefined || bridge.value.internal === true) continue
    const families = familiesOn(one, bridge).filter((family) => host === "" || host.includes(":") === (family === "ip6"))
    if (families.length > 0) return { interface: one, families, link }
  }
  return undefined
}
