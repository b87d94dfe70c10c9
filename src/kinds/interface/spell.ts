import { PORT_DEFAULTS, unusual } from "../../base/bridge-options.ts"
import type { SpeltMap } from "../../model/spelt.ts"
import { oneOrList, unless, withoutAbsent } from "../../model/spelt.ts"
import { spellImpair } from "../link/spell-impair.ts"
import type { InterfaceAttributes, LinkAttributes, OneEndedAttributes, PortAttributes } from "./spec.ts"
import { BOND_MODES, GRE_TTL, MIIMON, VXLAN_PORT, WITHOUT_MAC } from "./spec-link-kinds.ts"
import { spellWireGuard } from "./spell-wireguard.ts"

/** An interface as a person would write it. `usual`: what it is on that bridge, or as that kind of link, without any other key. */
export function spellInterface(have: InterfaceAttributes, usual: InterfaceAttributes): SpeltMap {
  return withoutAbsent({
    ...spellLinkKind(have),
    ...spellVlans(have, usual),
    address: oneOrList(have.address),
    gateway: oneOrList(have.gateway),
    mac: WITHOUT_MAC.has(have.link?.kind ?? "") ? undefined : unless(usual.mac, have.mac),
    mtu: unless(usual.mtu, have.mtu),
    up: unless(usual.up, have.up),
    master: have.inside_master,
    host_end: have.host_end === undefined ? undefined : spellHostEnd(have.host_end, usual.host_end),
    impair: spellImpair(have.impair),
  })
}

/** The keys that say what it is. */
export function spellLinkKind({ link, bridge, fdb, wireguard, bond }: InterfaceAttributes): SpeltMap {
  if (wireguard !== undefined) return { wireguard: spellWireGuard(wireguard) }
  if (bond !== undefined) {
    const { miimon, members } = bond
    return { bond: withoutAbsent({ mode: unless(BOND_MODES[0], link.mode), miimon: unless(MIIMON, miimon), members }) }
  }
  return link === undefined ? { bridge: bridge.slice("bridge.".length) } : spellLink(link, fdb)
}

function spellLink(link: LinkAttributes, fdb: OneEndedAttributes["fdb"]): SpeltMap {
  const { kind, parent, link: beside, link_netns, mode, id, remote, group, local, port, key, ttl, table, owner, multi_queue } = link
  switch (kind) {
    case "macvlan":
      return withoutAbsent({ macvlan: beside === undefined ? parent : { link: beside }, mode: unless("bridge", mode) })
    case "ipvlan":
      return withoutAbsent({ ipvlan: beside === undefined ? parent : { link: beside }, mode: unless("l2", mode) })
    case "vlan":
      return { vlan: withoutAbsent({ parent, link: beside, id }) }
    case "vxlan":
      return {
        vxlan: withoutAbsent({
          id,
          remote,
          group,
          local,
          port: unless(VXLAN_PORT, port),
          ...{ parent, link: beside, link_netns },
          fdb: fdb?.map((entry) => ({ ...entry })),
        }),
      }
    case "gre":
    case "gretap":
    case "ip6gre":
    case "ip6gretap":
      return { [kind]: withoutAbsent({ remote, local, key, ttl: unless(GRE_TTL, ttl) }) }
    case "vrf":
      return { vrf: withoutAbsent({ table }) }
    case "wireguard":
      return { wireguard: {} }
    case "bond":
      return { bond: { members: [] } }
    case "tap":
      return { tap: withoutAbsent({ owner, group, multi_queue }) }
    case "phys":
      return withoutAbsent({ phys: parent })
    case "dummy":
      return { dummy: {} }
  }
}

function spellHostEnd(have: PortAttributes["host_end"], usual: InterfaceAttributes["host_end"]): SpeltMap | undefined {
  const { mac, impair } = have
  const words = withoutAbsent({
    mac: mac === usual?.mac ? undefined : mac,
    impair: spellImpair(impair),
    ...unusual(PORT_DEFAULTS, have),
  })
  return Object.keys(words).length === 0 ? undefined : words
}

/** The keys that say in which VLANs it is; a port that is in one in another way cannot be written as it is. */
function spellVlans({ vlans }: InterfaceAttributes, usual: InterfaceAttributes): SpeltMap {
  if (vlans === undefined || String(vlans) === String(usual.vlans)) return {}
  const access = vlans.find((word) => word.endsWith(" pvid untagged"))
  const trunk = vlans.filter((word) => !word.includes(" ")).map((word) => (word.includes("-") ? word : Number(word)))
  return withoutAbsent({
    vlan: access === undefined ? undefined : Number.parseInt(access, 10),
    trunk: trunk.length === 0 ? undefined : trunk,
  })
}
