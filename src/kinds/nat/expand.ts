import { formatCidr, networkOf, parseCidr } from "../../base/ip.ts"
import type { RuleFamily } from "../../kernel/packet-rules.ts"
import type { Entry } from "../../model/entry.ts"
import type { BridgeAttributes } from "../bridge/spec.ts"
import type { NatAttributes } from "./spec.ts"
import { FAMILIES, FORWARDING, localnetOf } from "./spec.ts"
import { chainOf } from "./spec-chains.ts"
import type { Line } from "./spec-lines.ts"
import { lineText } from "./spec-lines.ts"
import type { PortTarget, Published } from "./spec-ports.ts"
import { formatPublished, isLoopback } from "./spec-ports.ts"

/** A port of the host that leads to an interface on the bridge. */
export interface PublishedPort {
  published: Published
  target: PortTarget
  /** The interface's port of the bridge. */
  link: string
  /** In which the interface and the bridge have addresses, and the host's address is. */
  families: readonly RuleFamily[]
}

/** What a bridge says of it. */
export interface NatEntry {
  nat?: boolean
  internal?: boolean
  isolated?: boolean
}

/** What stands around a bridge, as far as its packets are concerned. */
export interface NatSurroundings {
  ports: readonly PublishedPort[]
  /** Kernel names of the other bridges of the stack. */
  others: readonly string[]
  /** Of those the ones by which nothing comes to the host: it has no address there. */
  silent: readonly string[]
}

/** What `nat`, `internal` and `isolated` of a bridge and the ports of its containers ask for; undefined: nothing. */
export function expandNat(
  value: NatEntry,
  { name, interface: bridge, address }: BridgeAttributes & { name: string },
  entry: Entry,
  { ports, others, silent }: NatSurroundings,
): NatAttributes | undefined {
  const subnets = subnetsOf(address)
  const outside = ports.filter(({ published }) => !isLoopback(published.host))
  const lines: Line[] = [
    ...(value.nat === true ? subnets.map((subnet) => masquerade(subnet, bridge)) : []),
    ...FAMILIES.flatMap((family) => portLines(family, { name, bridge, silent }, ports, subnets)),
    ...(value.internal === true ? closed(bridge) : []),
    ...(value.isolated === true ? others.flatMap((other) => apart(bridge, other)) : []),
  ]
  if (value.nat === true) checkNat(value, subnets, entry)
  if (value.nat !== true && lines.length === 0) return undefined
  const forwarding = FAMILIES.filter(
    (family) =>
      (value.nat === true && subnets.some((one) => one.family === family)) || outside.some((one) => one.families.includes(family)),
  )
  const sysctls = [...forwarding.map((family) => FORWARDING[family]), ...(ports.some(isLocal) ? [localnetOf(bridge)] : [])]
  return {
    rules: [...new Set(lines.map(lineText))].sort(),
    ports: Object.fromEntries(ports.map(({ published, target }) => [formatPublished(published), target])),
    hairpin: [...new Set(outside.map(({ link }) => link))].sort(),
    sysctls: Object.fromEntries(sysctls.map((one) => [one, "1"])),
  }
}

interface Subnet {
  family: RuleFamily
  text: string
}

function subnetsOf(addresses: readonly string[]): Subnet[] {
  return addresses
    .flatMap((text) => parseCidr(text) ?? [])
    .map((cidr) => ({ family: cidr.family === 4 ? "ip" : "ip6", text: formatCidr(networkOf(cidr)) }))
}

/** A bridge without a subnet of its own is a mistake, and one that nothing leaves. */
function checkNat({ internal }: NatEntry, subnets: readonly Subnet[], entry: Entry): void {
  // Where an address is mistaken, that is what there is to say.
  if (subnets.length === 0 && !entry.has(["address"]) && !entry.misspelt("address")) {
    entry.report(["nat"], "nat-without-subnet", `${entry.address} has no subnet whose packets could be masqueraded`, {
      hint: "give the bridge an address, the gateway of its containers: `address: 10.20.0.1/24`",
    })
  }
  if (internal === true)
    entry.report(["nat"], "nat-of-internal", `nothing leaves ${entry.address}, which is internal: there is nothing to masquerade`, {
      hint: "take out `nat` or `internal`",
    })
}

/** Packets that another bridge hands on come by here, too, where bridges are filtered (br_netfilter): these came by no link that a rule could name. */
function masquerade({ family, text }: Subnet, bridge: string): Line {
  return { family, role: "nat", words: `${family} saddr ${text} iifname "${bridge}" oifname != "${bridge}" masquerade` }
}

/** What goes to ::1 cannot be led elsewhere: it is refused, where it would else get lost, so that programs go on to 127.0.0.1. */
const NOT_LOOPBACK6 = "ip6 daddr != ::1 "

/**
 * What of a family comes to an address of the host is looked at for its port, when it comes in and when the host itself sends it. What comes
 * from the bridge and goes back to it, and what the host itself sends, goes out with the host's address: else the answer would not pass by.
 * What a silent bridge hands on from one container to another is theirs, though it be for an address of the host (br_netfilter).
 */
function portLines(
  family: RuleFamily,
  { name, bridge, silent }: { name: string; bridge: string; silent: readonly string[] },
  all: readonly PublishedPort[],
  subnets: readonly Subnet[],
): Line[] {
  const ports = all.filter(({ families }) => families.includes(family))
  if (ports.length === 0) return []
  const line = (role: Line["role"], words: string): Line => ({ family, role, words })
  const enter = `fib daddr type local jump ${chainOf("ports", name)}`
  const outside = ports.some(({ published }) => !isLoopback(published.host))
  const back = subnets.filter((subnet) => subnet.family === family).map(({ text }) => `${family} saddr ${text}`)
  return [
    ...(outside
      ? [
          line("prerouting", `${silent.map((one) => `iifname != "${one}" `).join("")}${enter}`),
          line("output", `${family === "ip6" ? NOT_LOOPBACK6 : ""}${enter}`),
        ]
      : []),
    ...(outside ? back.map((from) => line("nat", `${from} oifname "${bridge}" ct status dnat masquerade`)) : []),
    line("local", `fib saddr type local oifname "${bridge}" ct status dnat masquerade`),
    ...(family === "ip" && ports.some(isLocal) ? [line("guard", `iifname "${bridge}" ip daddr 127.0.0.0/8 drop`)] : []),
  ]
}

/** Whether the host reaches it at 127.0.0.0/8. */
function isLocal({ published: { host }, families }: PublishedPort): boolean {
  return families.includes("ip") && (host === "" || host === "0.0.0.0" || isLoopback(host))
}

/** Nothing is passed on from the bridge or to it. */
export function closed(bridge: string): Line[] {
  return FAMILIES.flatMap((family) =>
    [`iifname "${bridge}" oifname != "${bridge}" drop`, `iifname != "${bridge}" oifname "${bridge}" drop`].map(
      (words): Line => ({ family, role: "forward", words }),
    ),
  )
}

/** Nothing is passed on between two bridges but what a published port has sent there. */
function apart(bridge: string, other: string): Line[] {
  return FAMILIES.flatMap((family) =>
    [`iifname "${bridge}" oifname "${other}"`, `iifname "${other}" oifname "${bridge}"`].map(
      (links): Line => ({ family, role: "forward", words: `${links} ct status ! dnat drop` }),
    ),
  )
}
