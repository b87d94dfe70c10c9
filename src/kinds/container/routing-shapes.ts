import { protocolNumber, protocolWord } from "../../base/ip-protocols.ts"
import type { Shape } from "../../base/shape.ts"
import { listOf, oneOf, record, text, textLike, truth, whole } from "../../base/shape.ts"
import { MOST_ADVMSS, MOST_MTU } from "./spec-routing.ts"

const MOST = 2 ** 32 - 1
const u32 = whole(0, MOST)
const table = whole(1, MOST)
const ipproto = text("a protocol", (word) => protocolWord(protocolNumber(word) ?? 0) === word)
const ports = text("ports", (word) => /^[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?$/.test(word))

/** What each part must be like: a network, an IP address, a MAC address. */
export interface Forms {
  network: Shape
  ip: Shape
  mac: Shape
}

/** `routes`, of every container, and `rules` and `neighbours`, of those that have some. */
export function routingShapes({ network, ip, mac }: Forms): { routes: Shape; some: { rules: Shape; neighbours: Shape } } {
  const dev = text("name of a link")
  const nexthops = listOf(record({}, { via: ip, dev, weight: whole(1, 256), onlink: truth }))
  const route = record(
    { to: network },
    {
      type: oneOf("local", "blackhole", "unreachable", "prohibit", "throw"),
      ...{ via: ip, dev, nexthops, table, metric: whole(1, MOST), src: ip, onlink: truth },
      scope: oneOf("universe", "site", "link", "host"),
      ...{ mtu: whole(68, MOST_MTU), advmss: whole(1, MOST_ADVMSS) },
    },
  )
  const rule = record(
    { priority: whole(1, MOST) },
    {
      family: oneOf("inet6"),
      ...{ not: truth, from: network, to: network, iif: dev, oif: dev, fwmark: u32, fwmask: u32, table, goto: whole(2, MOST) },
      ...{ ipproto, sport: ports, dport: ports },
      type: oneOf("blackhole", "unreachable", "prohibit"),
      suppress_prefixlength: whole(0, 128),
    },
  )
  const neighbour = record({ to: ip, dev }, { lladdr: mac, proxy: truth })
  return { routes: listOf(route), some: { rules: listOf(rule), neighbours: listOf(neighbour) } }
}

const any = text()

/** As far as a record's words become parts of messages: the kernel looks at the rest. */
export const recordedRouting = routingShapes({ network: any, ip: any, mac: textLike(/^[0-9a-f:]+$/i, "MAC address") })
