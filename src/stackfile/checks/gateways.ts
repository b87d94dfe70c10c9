import { canonicalIp, formatCidr, networkOf, parseIp } from "../../base/ip.ts"
import type { Draft, DraftContainer, DraftInterface } from "../resolve.ts"
import { isOnLink, subnetsOf } from "./on-link.ts"
import { hostPart, pathOf, placeText } from "./spots.ts"

/** Gateways that cannot be reached, that are the interface itself, and two default routes of one family in a container. */
export function checkGateways(draft: Draft): void {
  for (const container of draft.containers) {
    for (const one of container.interfaces) for (const gateway of one.attributes.gateway) checkGateway(draft, one, gateway)
    checkDefaults(container)
  }
}

function gatewayPath({ value }: DraftInterface, gateway: string) {
  return pathOf(["gateway"], value.gateway, (text) => canonicalIp(text) === gateway)
}

function checkGateway(draft: Draft, one: DraftInterface, gateway: string): void {
  const { attributes, entry } = one
  const ip = parseIp(gateway)
  if (ip === undefined) return
  const path = gatewayPath(one, gateway)
  const subnets = subnetsOf(draft, one)
  if (attributes.address.some((a) => hostPart(a) === gateway)) {
    entry.report(path, "bad-gateway", `gateway ${gateway} is the interface's own address`, {
      hint: "a gateway is another machine: the bridge's address, or a router's",
    })
  } else if (!isOnLink(subnets, ip)) {
    if (!one.placed) return
    const family = subnets.filter((s) => s.family === ip.family)
    const list = family.map((s) => formatCidr(networkOf(s))).join(", ")
    const why = family.length === 0 ? `the interface has no IPv${ip.family} address` : `it is not in ${list}`
    entry.report(path, "unreachable-gateway", `gateway ${gateway} cannot be reached: ${why}`, {
      hint: "choose an address of the interface's subnet",
    })
  } else if (!attributes.up) {
    entry.report(path, "unreachable-gateway", `gateway ${gateway} cannot be reached: the interface is down`, {
      hint: "take out `up: false`, or the gateway",
    })
  }
}

function checkDefaults(container: DraftContainer): void {
  const defaults = new Map<boolean, DraftInterface>()
  for (const one of container.interfaces) {
    for (const gateway of one.attributes.gateway) {
      const isSix = gateway.includes(":")
      const first = defaults.get(isSix)
      if (first === undefined) defaults.set(isSix, one)
      else if (first !== one) {
        const summary = `${container.entry.address} has an IPv${isSix ? 6 : 4} gateway on ${first.attributes.interface} already (${placeText({ source: first.source, path: ["gateway"] })})`
        one.entry.report(gatewayPath(one, gateway), "two-gateways", summary, { hint: "keep one; write the other as a route with a metric" })
      }
    }
  }
  for (const [i, route] of (container.value.routes ?? []).entries()) {
    const isDefault = route.to === "default" || route.to === "0.0.0.0/0" || route.to === "::/0"
    const via = route.via ?? route.nexthops?.find((hop) => hop.via !== undefined)?.via
    const isSix = via?.includes(":") ?? route.to === "::/0"
    const isMain = route.table === undefined || String(route.table) === "main" || Number(route.table) === 254
    const first = defaults.get(isSix)
    if (!isDefault || !isMain || route.metric !== undefined || first === undefined) continue
    container.entry.report(
      ["routes", i],
      "two-gateways",
      `a default route beside the gateway of ${first.attributes.interface} (${placeText({ source: first.source, path: ["gateway"] })})`,
      {
        hint: "give the route a metric, or take one of the two out",
      },
    )
  }
}
