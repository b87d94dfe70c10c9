import type { SpeltMap } from "../../model/spelt.ts"
import { oneOrList, unless, withoutAbsent } from "../../model/spelt.ts"
import { spellImpair } from "../link/spell-impair.ts"
import type { InterfaceAttributes, LinkAttributes, PortAttributes } from "./spec.ts"
import { VXLAN_PORT } from "./spec-link-kinds.ts"

/** An interface as a person would write it. `usual`: what it is on that bridge, or as that kind of link, without any other key. */
export function spellInterface(have: InterfaceAttributes, usual: InterfaceAttributes): SpeltMap {
  return withoutAbsent({
    ...spellLinkKind(have),
    address: oneOrList(have.address),
    gateway: oneOrList(have.gateway),
    mac: have.link?.kind === "ipvlan" ? undefined : unless(usual.mac, have.mac),
    mtu: unless(usual.mtu, have.mtu),
    up: unless(usual.up, have.up),
    host_end: have.host_end === undefined ? undefined : spellHostEnd(have.host_end, usual.host_end),
    impair: spellImpair(have.impair),
  })
}

/** The keys that say what it is. */
export function spellLinkKind({ link, bridge }: InterfaceAttributes): SpeltMap {
  return link === undefined ? { bridge: bridge.slice("bridge.".length) } : spellLink(link)
}

function spellLink({ kind, parent, mode, id, remote, group, local, port }: LinkAttributes): SpeltMap {
  switch (kind) {
    case "macvlan":
      return withoutAbsent({ macvlan: parent, mode: unless("bridge", mode) })
    case "ipvlan":
      return withoutAbsent({ ipvlan: parent, mode: unless("l2", mode) })
    case "vlan":
      return { vlan: withoutAbsent({ parent, id }) }
    case "vxlan":
      return { vxlan: withoutAbsent({ id, remote, group, local, port: unless(VXLAN_PORT, port), parent }) }
    case "dummy":
      return { dummy: {} }
  }
}

function spellHostEnd({ mac, impair }: PortAttributes["host_end"], usual: InterfaceAttributes["host_end"]): SpeltMap | undefined {
  const words = withoutAbsent({ mac: mac === usual?.mac ? undefined : mac, impair: spellImpair(impair) })
  return Object.keys(words).length === 0 ? undefined : words
}
