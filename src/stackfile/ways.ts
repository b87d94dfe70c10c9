import { parseCidr } from "../base/ip.ts"
import type { NatFamily } from "../kinds/nat/spec.ts"
import { FAMILIES } from "../kinds/nat/spec.ts"
import type { DraftBridge, DraftInterface } from "./resolve.ts"

/** Undefined of an interface on no bridge, or a mistaken one. */
export function bridgeOf(one: DraftInterface, bridges: readonly DraftBridge[]): DraftBridge | undefined {
  return bridges.find(({ entry }) => entry.address === one.attributes.bridge)
}

/** In which both have an address. */
export function familiesOn({ attributes }: DraftInterface, bridge: DraftBridge): NatFamily[] {
  const ofBridge = familiesOf(bridge.attributes.address)
  const own = attributes.address.includes("auto") ? ofBridge : familiesOf(attributes.address)
  return ofBridge.filter((family) => own.includes(family))
}

function familiesOf(addresses: readonly string[]): NatFamily[] {
  const found = new Set(addresses.flatMap((text) => parseCidr(text)?.family ?? []))
  return FAMILIES.filter((family) => found.has(family === "ip" ? 4 : 6))
}
