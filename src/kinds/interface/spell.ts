import type { SpeltMap } from "../../model/spelt.ts"
import { oneOrList, unless, withoutAbsent } from "../../model/spelt.ts"
import { spellImpair } from "../link/spell-impair.ts"
import type { InterfaceAttributes } from "./spec.ts"

/** An interface as a person would write it. `usual`: what it is on that bridge without any other key. */
export function spellInterface(have: InterfaceAttributes, usual: InterfaceAttributes): SpeltMap {
  return withoutAbsent({
    bridge: have.bridge.slice("bridge.".length),
    address: oneOrList(have.address),
    gateway: oneOrList(have.gateway),
    mac: unless(usual.mac, have.mac),
    mtu: unless(usual.mtu, have.mtu),
    up: unless(usual.up, have.up),
    host_end: spellHostEnd(have.host_end, usual.host_end),
    impair: spellImpair(have.impair),
  })
}

function spellHostEnd({ mac, impair }: InterfaceAttributes["host_end"], usual: InterfaceAttributes["host_end"]): SpeltMap | undefined {
  const words = withoutAbsent({ mac: unless(usual.mac, mac), impair: spellImpair(impair) })
  return Object.keys(words).length === 0 ? undefined : words
}
