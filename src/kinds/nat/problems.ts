import type { Diagnostic } from "../../base/diagnostic.ts"
import { error, warning } from "../../base/diagnostic.ts"
import type { ForwardDrop, PacketFacts } from "../../model/packet-facts.ts"
import type { HostFacts, Resource } from "../../model/resource.ts"
import type { NatAttributes } from "./spec.ts"
import { FORWARDING } from "./spec.ts"
import { parseLine } from "./spec-lines.ts"
import { parsePublished } from "./spec-ports.ts"

/** What of this host stands in the way of a bridge's packets, before anything is done. */
export function natProblems(resource: Resource, { packets, rootless }: Pick<HostFacts, "packets" | "rootless">): Diagnostic[] {
  const { ports } = resource.attributes as unknown as NatAttributes
  return [
    ...(packets === undefined
      ? []
      : [...takenPorts(resource, packets), ...absentHosts(resource, packets), ...dropped(resource, packets.drops)]),
    ...(rootless !== undefined && Object.keys(ports).length > 0 ? [insideOnly(resource)] : []),
  ]
}

type Tell = typeof error

/** What is in the way of a port that leads to its container already, has come later: that is no reason to do nothing more. */
function severity({ live }: PacketFacts, published: string): Tell {
  return live.includes(published) ? warning : error
}

function takenPorts(resource: Resource, packets: PacketFacts): Diagnostic[] {
  const { ports } = resource.attributes as unknown as NatAttributes
  const told = new Set<string>()
  return packets.taken.flatMap(({ published, by }) => {
    if (!Object.hasOwn(ports, published) || told.has(published)) return []
    told.add(published)
    return [
      at(severity(packets, published), resource, `ports.${published}`, "port-taken", `port ${published} of the host is taken by ${by}`, {
        hint: "publish another port, or end what has this one (`ss -lntup` lists them)",
      }),
    ]
  })
}

function absentHosts(resource: Resource, packets: PacketFacts): Diagnostic[] {
  const { ports } = resource.attributes as unknown as NatAttributes
  return Object.keys(ports).flatMap((published) => {
    const host = parsePublished(published)?.host ?? ""
    if (!packets.absent.includes(host)) return []
    return [
      at(severity(packets, published), resource, `ports.${published}`, "no-such-address", `${host} is no address of this host`, {
        hint: "publish it at one that `ip address` shows, or at none in particular",
      }),
    ]
  })
}

/** An own rule that accepts would not help: what one chain drops is dropped. */
function dropped(resource: Resource, drops: readonly ForwardDrop[]): Diagnostic[] {
  const { rules, sysctls } = resource.attributes as unknown as NatAttributes
  const bridge = bridgeIn(rules)
  return drops.flatMap((drop) => {
    const concerned =
      drop.family === "inet" || Object.entries(FORWARDING).some(([family, name]) => family === drop.family && name in sysctls)
    if (!concerned || bridge === undefined || !drop.bridges.includes(bridge)) return []
    const { family, table, chain } = drop
    return [
      at(
        warning,
        resource,
        undefined,
        "forwarding-dropped",
        `chain ${chain} of table ${family} ${table} (hook forward, policy drop) lets nothing pass that its rules do not accept, and none of them names ${bridge}`,
        {
          detail: `${resource.address} counts on packets being passed on; a rule of its own cannot allow what a chain of others drops`,
          hint: `let its owner accept them: ${remedy(drop, bridge)}`,
        },
      ),
    ]
  })
}

/** Who has packets passed on is named by a rule that rewrites them; those that drop some name other bridges, too. */
function bridgeIn(rules: readonly string[]): string | undefined {
  const rewriting = rules.filter((rule) => parseLine(rule)?.role !== "forward")
  return rewriting.flatMap((rule) => /oifname (?:!= )?"([^"]+)"/.exec(rule)?.[1] ?? [])[0]
}

function remedy({ family, table, chain, door }: ForwardDrop, bridge: string): string {
  const sides = ["-i", "-o"]
  if (chain === "FORWARD" && table === "filter" && family !== "inet") {
    const program = family === "ip6" ? "ip6tables" : "iptables"
    return sides.map((side) => `\`${program} -I ${door ?? chain} ${side} ${bridge} -j ACCEPT\``).join(" and ")
  }
  return ["iifname", "oifname"].map((side) => `\`nft insert rule ${family} ${table} ${chain} ${side} ${bridge} accept\``).join(" and ")
}

function insideOnly(resource: Resource): Diagnostic {
  return at(
    warning,
    resource,
    undefined,
    "ports-inside",
    `the ports of ${resource.address} are published in this user's own network only`,
    {
      detail: "an ordinary user's stacks lie in a network of their own: what runs in it reaches them, the host itself and others do not",
      hint: "run it as root for ports of the host",
    },
  )
}

function at(
  tell: Tell,
  resource: Resource,
  path: string | undefined,
  code: string,
  summary: string,
  rest: { detail?: string; hint: string },
): Diagnostic {
  const range = resource.range(path) ?? resource.range()
  return tell(code, summary, { address: resource.address, ...rest, ...(range === undefined ? {} : { range }) })
}
