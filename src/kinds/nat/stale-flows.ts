import type { Flow } from "../../kernel/flows.ts"
import type { RuleFamily } from "../../kernel/packet-rules.ts"
import { FAMILIES } from "./spec.ts"
import type { PublishedPorts } from "./spec-ports.ts"
import { isEverywhere, isLoopback, parsePublished, parseTarget } from "./spec-ports.ts"

/**
 * Whether a port of UDP leads elsewhere than it did. Of such packets nothing begins and nothing ends a connection: as long as somebody sends on, the kernel
 * leads them by what its rules said to the first one.
 */
export function isLedElsewhere(had: PublishedPorts, has: PublishedPorts): boolean {
  const keys = [...new Set([...Object.keys(had), ...Object.keys(has)])]
  return keys.some((key) => key.endsWith("/udp") && JSON.stringify(had[key]) !== JSON.stringify(has[key]))
}

/** Of what the kernel remembers what is not so any more: led to where no port leads now, or to nobody, where one does now. `isHosts`: whether it is the host's address. */
export function staleFlows(
  flows: readonly Flow[],
  had: PublishedPorts,
  has: PublishedPorts,
  isHosts: (address: string) => boolean,
): Flow[] {
  const [before, after] = [leadsOf(had), leadsOf(has)]
  return flows.filter((flow) => {
    const { sent, answered } = flow
    const [old, now] = [before, after].map((leads) => targetsOf(leads, flow)) as [Set<string>, Set<string>]
    const answering = placeOf(answered.from, answered.fromPort)
    if (now.has(answering)) return false
    const isUntouched = answering === placeOf(sent.to, sent.toPort)
    return old.has(answering) || (isUntouched && now.size > 0 && (isLoopback(sent.to) || isHosts(sent.to)))
  })
}

interface Lead {
  family: RuleFamily
  /** "": any address of the host. */
  host: string
  first: number
  last: number
  address: string
  /** Undefined: the same as it was sent to. */
  port: number | undefined
}

function leadsOf(ports: PublishedPorts): Lead[] {
  return Object.entries(ports).flatMap(([key, targets]) => {
    const published = parsePublished(key)
    if (published?.protocol !== "udp" || !Array.isArray(targets)) return []
    const { first, last } = published
    const host = isEverywhere(published.host) ? "" : published.host
    return targets.flatMap((text): Lead[] => {
      const target = parseTarget(text)
      const family = FAMILIES[target?.family === 6 ? 1 : 0]
      if (target === undefined || family === undefined) return []
      return [{ family, host, first, last, address: target.address, port: first === last ? Number(target.port) : undefined }]
    })
  })
}

/** Where it would be led to if it were sent now. */
function targetsOf(leads: readonly Lead[], { family, sent: { to, toPort } }: Flow): Set<string> {
  const own = leads.filter(
    (one) => one.family === family && one.first <= toPort && toPort <= one.last && (one.host === "" || one.host === to),
  )
  return new Set(own.map(({ address, port = toPort }) => placeOf(address, port)))
}

function placeOf(address: string, port: number): string {
  return `${address} ${port}`
}
