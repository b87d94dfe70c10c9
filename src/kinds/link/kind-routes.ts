import type { Address } from "../../base/address.ts"
import { contains, parseCidr, parseIp } from "../../base/ip.ts"
import type { Disturbance } from "../../model/kind.ts"
import type { Value } from "../../model/resource.ts"
import type { ContainerAttributes } from "../container/spec.ts"

type Route = ContainerAttributes["routes"][number]

/** A container's routes that leave by a link go with it: by its name, or by a next hop in one of its subnets. */
export function lostRoutes(container: Address, link: string, addresses: readonly string[]): Disturbance {
  return {
    address: container,
    field: "routes",
    touches: (routes: Value) => (routes as unknown as readonly Route[]).some((route) => leavesBy(route, link, addresses)),
  }
}

function leavesBy({ dev, via }: Route, link: string, addresses: readonly string[]): boolean {
  if (dev !== undefined) return dev === link
  const hop = via === undefined ? undefined : parseIp(via)
  return hop !== undefined && addresses.some((text) => isIn(hop, text))
}

function isIn(hop: NonNullable<ReturnType<typeof parseIp>>, text: string): boolean {
  const subnet = parseCidr(text)
  return subnet !== undefined && contains(subnet, hop)
}
