import type { RuleFamily } from "../../kernel/packet-rules.ts"
import type { NatAttributes } from "./spec.ts"
import type { Role } from "./spec-chains.ts"
import { ROLES } from "./spec-chains.ts"
import type { PublishedPorts } from "./spec-ports.ts"
import { formatPorts, formatPublished, formatTarget, isEverywhere, isLoopback, parsePublished, parseTarget } from "./spec-ports.ts"
import { expressionsOf, wordsOf } from "./spec-words.ts"

/** One rule, and where it stands. */
export interface Line {
  family: RuleFamily
  role: Role
  /** In nft's words. */
  words: string
}

const UNPREFIXED: Role = "nat"

/** A line as attributes have it. */
export function lineText({ family, role, words }: Line): string {
  return role === UNPREFIXED && words.startsWith(`${family} `) ? words : `${family} ${role}: ${words}`
}

/** Undefined for what is no rule that this program writes. */
export function parseLine(text: string): Line | undefined {
  const [, family, role, words] = /^(ip6?) ([a-z]+): (.*)$/.exec(text) ?? []
  const line = { family: family ?? text.slice(0, text.indexOf(" ")), role: role ?? UNPREFIXED, words: words ?? text }
  const expressions = isPlace(line) ? expressionsOf(line.family, line.words) : undefined
  if (!isPlace(line) || expressions === undefined) return undefined
  return wordsOf(line.family, expressions) === line.words && lineText(line) === text ? line : undefined
}

function isPlace(line: { family: string; role: string; words: string }): line is Line {
  return (line.family === "ip" || line.family === "ip6") && ROLES.includes(line.role as Role)
}

/** All rules of a bridge, its ports' among them. */
export function linesOf({ rules, ports }: Pick<NatAttributes, "rules" | "ports">): Line[] {
  return [...rules.flatMap((text) => parseLine(text) ?? []), ...portLines(ports)]
}

/** A rule for each family of a port's targets. What only the host reaches, only what the host sends is looked at for. */
export function portLines(ports: PublishedPorts): Line[] {
  return Object.entries(ports).flatMap(([key, targets]) => {
    const published = parsePublished(key)
    if (published === undefined || !Array.isArray(targets)) return []
    const { host, first, last, protocol } = published
    return targets.flatMap((text): Line[] => {
      const target = parseTarget(text)
      if (target === undefined) return []
      const family = target.family === 4 ? "ip" : "ip6"
      const to = isEverywhere(host) ? "" : `${family} daddr ${host} `
      const where = first === last ? formatTarget(target.address, target.port) : target.address
      const words = `${to}${protocol} dport ${formatPorts(first, last)} dnat to ${where}`
      return [{ family, role: isLoopback(host) ? "output" : "ports", words }]
    })
  })
}

const PORT_RULE = /^(?:ip6? daddr (\S+) )?(tcp|udp) dport (\d+)(?:-(\d+))? dnat to (\S+)$/

/** The port that a line publishes; undefined of any other. `wanted`: what of them is wanted, by whose spelling it is called. */
export function portOf(line: Line, wanted: PublishedPorts): { key: string; target: string } | undefined {
  const [, host, protocol, first, last, to] = PORT_RULE.exec(line.words) ?? []
  if (first === undefined || to === undefined) return undefined
  const published = { host: host ?? "", first: Number(first), last: Number(last ?? first), protocol: protocol as "tcp" | "udp" }
  const target = last === undefined ? to : formatTarget(to, formatPorts(published.first, published.last))
  if (published.host !== "") return { key: formatPublished(published), target }
  // All addresses of one family are the same rule as all of both.
  const all = line.family === "ip" ? "0.0.0.0" : "::"
  const ofFamily = formatPublished({ ...published, host: all })
  return { key: Object.hasOwn(wanted, ofFamily) ? ofFamily : formatPublished(published), target }
}
