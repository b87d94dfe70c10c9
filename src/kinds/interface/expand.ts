import { PORT_DEFAULTS, unusual } from "../../base/bridge-options.ts"
import { hash64 } from "../../base/hash.ts"
import { canonicalIp, contains, formatIp, parseCidr, parseIp } from "../../base/ip.ts"
import { deriveMac } from "../../base/mac.ts"
import type { Entry, Expanded, KnownBridge, Path } from "../../model/entry.ts"
import { aliasOf } from "../../model/ownership.ts"
import type { ImpairEntry } from "../link/expand-impair.ts"
import { expandImpair } from "../link/expand-impair.ts"
import { addressList, items, macOf } from "../link/expand-link.ts"
import { impairing } from "../link/spec-impair.ts"
import { expandFdb } from "./expand-fdb.ts"
import type { LinkEntry } from "./expand-link-kinds.ts"
import { expandLinkKind } from "./expand-link-kinds.ts"
import type { PortEntry, VlanEntry } from "./expand-port.ts"
import { expandVlans } from "./expand-port.ts"
import { expandWireGuard } from "./expand-wireguard.ts"
import { interfaceRelations } from "./relations.ts"
import type { InterfaceAttributes, LinkAttributes, OneEndedAttributes, PortAttributes } from "./spec.ts"
import { MIIMON, VXLAN_PORT, WITHOUT_MAC } from "./spec-link-kinds.ts"

/** A container's interface as the file writes it. */
export interface InterfaceEntry extends LinkEntry, Pick<VlanEntry, "trunk"> {
  address?: string | string[]
  gateway?: string | string[]
  aliases?: string[]
  mac?: string
  mtu?: number
  up?: boolean
  master?: string
  host_end?: PortEntry
  impair?: ImpairEntry
}

/** What an interface is looked at with whose bridge is mistaken, which has been told. */
const UNKNOWN: Pick<KnownBridge, "interface" | "address" | "mtu" | "whole"> = { interface: "", address: [], mtu: 1500, whole: false }
type Bridge = typeof UNKNOWN
/** What an interface is looked at with that is on none. */
const NO_BRIDGE: Bridge = { ...UNKNOWN, whole: true }

export interface ExpandedInterface extends Expanded<InterfaceAttributes> {
  /** In which subnets it is can be told: no address of it is mistaken, or lacks what a mistaken bridge would say. */
  placed: boolean
}

/** `entry.name` is `CONTAINER.INTERFACE`. */
export function expandInterface(value: InterfaceEntry, entry: Entry, container: string, name: string): ExpandedInterface {
  const link = expandLinkKind(value, entry)
  if (link !== undefined) return expandOneEnded(value, entry, { container: `container.${container}`, interface: name, link })
  const known = value.bridge === undefined ? undefined : entry.bridge(value.bridge, ["bridge"])
  const bridge = known ?? UNKNOWN
  const vlans = expandVlans(value, entry, known)
  const address = addressesOn(entry, bridge, value.address)
  const gateway = gatewayList(entry, value.gateway)
  const mac = macOf(entry, ["mac"], value.mac)
  const hostMac = macOf(entry, ["host_end", "mac"], value.host_end?.mac)
  const origin = `${entry.stack}/${entry.originOf(entry.address)}`
  const attributes: PortAttributes = {
    bridge: `bridge.${value.bridge ?? ""}`,
    master: bridge.interface,
    container: `container.${container}`,
    interface: name,
    host_interface: hostInterface(entry.stack, container, name),
    alias: aliasOf(entry.stack, entry.address),
    address,
    gateway,
    mac: mac ?? deriveMac(origin),
    mtu: value.mtu ?? bridge.mtu,
    up: value.up ?? true,
    ...insideMaster(value),
    host_end: {
      mac: hostMac ?? deriveMac(`${origin}/host`),
      address: [],
      up: true,
      ...impairing(expandImpair(entry, ["host_end", "impair"], value.host_end?.impair)),
      ...unusual(PORT_DEFAULTS, value.host_end ?? {}),
    },
    ...(vlans === undefined ? {} : { vlans }),
    ...impairing(expandImpair(entry, ["impair"], value.impair)),
  }
  return { attributes, ...interfaceRelations(attributes), placed: isPlaced(entry, value.address, address, bridge) }
}

/** On no bridge: in no subnet that the file would tell of. */
function expandOneEnded(
  value: InterfaceEntry,
  entry: Entry,
  what: Pick<OneEndedAttributes, "container" | "interface" | "link">,
): ExpandedInterface {
  const address = addressesOn(entry, NO_BRIDGE, value.address)
  const gateway = gatewayList(entry, value.gateway)
  const mac = ownMac(entry, value, what.link)
  if (entry.has(["host_end"]))
    entry.report(["host_end"], "no-host-end", `a ${what.link.kind} has no end on the host`, { hint: "take `host_end` out" })
  if (entry.has(["trunk"])) entry.report(["trunk"], "no-bridge", `a ${what.link.kind} is no port of a bridge`, { hint: "take `trunk` out" })
  const attributes: OneEndedAttributes = {
    ...what,
    alias: aliasOf(entry.stack, entry.address),
    address: address.filter((text) => text !== "auto"),
    gateway,
    ...(mac === undefined ? {} : { mac }),
    ...(value.mtu === undefined ? {} : { mtu: value.mtu }),
    ...(what.link.kind === "vxlan" ? expandFdb(value.vxlan ?? {}, VXLAN_PORT, entry) : {}),
    ...(what.link.kind === "bond" ? { bond: expandBond(value.bond) } : {}),
    ...(what.link.kind === "wireguard" ? { wireguard: expandWireGuard(value.wireguard ?? {}, entry) } : {}),
    up: value.up ?? true,
    ...insideMaster(value),
    ...impairing(expandImpair(entry, ["impair"], value.impair)),
  }
  return { attributes, ...interfaceRelations(attributes), placed: isPlaced(entry, value.address, address, NO_BRIDGE) }
}

function expandBond({ miimon = MIIMON, members = [] }: Required<LinkEntry>["bond"] = {}): NonNullable<OneEndedAttributes["bond"]> {
  return { miimon, members: [...new Set(members)].sort() }
}

function insideMaster({ master }: InterfaceEntry): { inside_master?: string } {
  return master === undefined ? {} : { inside_master: master }
}

function ownMac(entry: Entry, value: InterfaceEntry, { kind }: LinkAttributes): string | undefined {
  if (kind === "phys") return macOf(entry, ["mac"], value.mac)
  if (!WITHOUT_MAC.has(kind)) return macOf(entry, ["mac"], value.mac) ?? deriveMac(`${entry.stack}/${entry.originOf(entry.address)}`)
  if (value.mac !== undefined)
    entry.report(["mac"], "bad-mac", kind === "ipvlan" ? "an ipvlan has its parent's MAC address" : `a ${kind} has no MAC address`, {
      hint: kind === "wireguard" ? "take `mac` out" : `take \`mac\` out, or write \`${kind === "ipvlan" ? "macvlan" : `${kind}tap`}\``,
    })
  return undefined
}

function isPlaced(entry: Entry, value: InterfaceEntry["address"], understood: readonly string[], { whole }: Bridge): boolean {
  const written = items(["address"], value)
  if (written.length !== understood.length || (written.length === 0 && entry.has(["address"]))) return false
  return whole || written.every((item) => item.value.includes("/"))
}

/**
 * The port's name on the host: `STACK-CONTAINER-INTERFACE` where that has at most 15 bytes and can be no other's. The
 * last `-` parts container and interface, so an interface with one in its name is named by hash. The hash is of 40 bits:
 * in a stack of a thousand containers two do not meet.
 */
function hostInterface(stack: string, container: string, name: string): string {
  const plain = `${stack}-${container.replace(/\[(\d+)\]$/, "-$1")}-${name}`
  const fits = plain.length <= 15 && /^[\x21-\x7e]+$/.test(plain) && !name.includes("-")
  return fits ? plain : `${stack.slice(0, 4)}-${hash64(`${stack}/${container}/${name}`).slice(0, 10)}`
}

function addressesOn(entry: Entry, bridge: Bridge, value: string | string[] | undefined): string[] {
  const written = items(["address"], value)
  const auto = written.find((item) => item.value === "auto")
  if (auto === undefined) return addressList(entry, ["address"], withPrefixes(value, bridge))
  if (written.length > 1) {
    entry.report(auto.path, "bad-address", "`auto` stands beside other addresses", {
      hint: "write `address: auto` alone, or only addresses",
    })
  } else if (bridge.whole && bridge.address.length === 0) return noSubnet(entry, auto.path)
  return ["auto"]
}

function noSubnet(entry: Entry, path: Path): string[] {
  entry.report(path, "no-subnet", "an automatic address needs a bridge with a subnet", {
    hint: "give the bridge an address such as 10.20.0.1/24, or write the address here",
  })
  return []
}

/** An address without a prefix length takes that of the bridge's subnet it lies in. */
function withPrefixes(value: string | string[] | undefined, bridge: Bridge): string | string[] | undefined {
  if (value === undefined) return undefined
  return Array.isArray(value) ? value.map((text) => withPrefix(text, bridge)) : withPrefix(value, bridge)
}

/** `10.20.0.2` on a bridge with 10.20.0.1/24 as `10.20.0.2/24`; as a network of its own where a mistaken address of the bridge might tell. */
export function withPrefix(text: string, bridge: Pick<Bridge, "address" | "whole">): string {
  const ip = text.includes("/") ? undefined : parseIp(text)
  if (ip === undefined) return text
  const subnet = bridge.address.map((a) => parseCidr(a)).find((cidr) => cidr !== undefined && contains(cidr, ip))
  if (subnet === undefined && bridge.whole) return text
  return `${formatIp(ip)}/${subnet?.prefix ?? (ip.family === 4 ? 32 : 128)}`
}

function gatewayList(entry: Entry, value: string | string[] | undefined): string[] {
  const found: string[] = []
  for (const { path, value: text } of items(["gateway"], value)) {
    const ip = canonicalIp(text)
    const family = ip?.includes(":") ? "IPv6" : "IPv4"
    if (ip === undefined)
      entry.report(path, "bad-gateway", `\`${text}\` is not an IP address`, { hint: "write an address without a prefix length: 10.20.0.1" })
    else if (found.some((other) => other.includes(":") === ip.includes(":"))) {
      entry.report(path, "bad-gateway", `a second ${family} gateway`, {
        hint: "one for each family; others go into `routes` with a metric",
      })
    } else found.push(ip)
  }
  return found.sort()
}
