import { contains, parseCidr } from "../../base/ip.ts"
import type { SpeltMap } from "../../model/spelt.ts"
import { unless, withoutAbsent } from "../../model/spelt.ts"
import { closed } from "./expand.ts"
import type { NatAttributes } from "./spec.ts"
import { lineText } from "./spec-lines.ts"
import { parsePublished, parseTarget } from "./spec-ports.ts"

/** What the entry of a bridge says of its packets. `link`: its kernel name. */
export function spellNat({ rules }: Pick<NatAttributes, "rules">, link: string): SpeltMap {
  const isMasquerade = (rule: string) => rule.endsWith(` oifname != "${link}" masquerade`)
  const isApart = (rule: string) => rule.includes(`: iifname "${link}" oifname `) && rule.endsWith(" ct status ! dnat drop")
  return withoutAbsent({
    nat: unless(false, rules.some(isMasquerade)),
    internal: unless(
      false,
      closed(link).every((line) => rules.includes(lineText(line))),
    ),
    isolated: unless(false, rules.some(isApart)),
  })
}

/** What a container publishes by an interface that has these addresses, on a bridge that has those. */
export function spellPorts({ ports }: Pick<NatAttributes, "ports">, own: readonly string[], ofBridge: readonly string[]): string[] {
  const subnets = ofBridge.flatMap((text) => parseCidr(text) ?? [])
  const reached = own.flatMap((text) => parseCidr(text) ?? []).filter((ip) => subnets.some((subnet) => contains(subnet, ip)))
  const both = new Set(reached.map(({ family }) => family)).size > 1
  const addresses = own.map((text) => text.replace(/\/.*/, ""))
  return Object.entries(ports).flatMap(([key, targets]) => {
    const published = parsePublished(key)
    const its = (Array.isArray(targets) ? targets : []).flatMap((text) => parseTarget(text) ?? [])
    const [target] = its.filter(({ address }) => addresses.includes(address))
    if (published === undefined || target === undefined) return []
    const anywhere = both && its.length === 1 ? (target.family === 4 ? "0.0.0.0" : "::") : ""
    const host = published.host === "" ? anywhere : published.host
    const numbers = key.replace(/^.*\]:|^[0-9.]+:/, "").replace(/\/.*/, "")
    const protocol = published.protocol === "tcp" ? "" : `/${published.protocol}`
    return [`${host.includes(":") ? `[${host}]:` : host === "" ? "" : `${host}:`}${numbers}:${target.port}${protocol}`]
  })
}
