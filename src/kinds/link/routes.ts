import type { LinkRef, NetDump, NetRequest, Route } from "../../kernel/kernel.ts"
import { ROUTE_PROTOCOL } from "../../kernel/kernel.ts"

const DEFAULTS = new Set(["0.0.0.0/0", "::/0"])

/** True of a default route of either family. */
export function isDefault(to: string): boolean {
  return DEFAULTS.has(to)
}

/** `default` in the family of a gateway. */
export function defaultFor(gateway: string): string {
  return gateway.includes(":") ? "::/0" : "0.0.0.0/0"
}

/** The routes of a namespace that this program added: they bear our protocol number. */
export function ourRoutes(dump: NetDump): Route[] {
  return dump.routes.filter((r) => r.protocol === ROUTE_PROTOCOL)
}

/** The gateways of one link: its default routes of ours without a metric of their own. */
export function gatewaysOf(dump: NetDump, index: number): string[] {
  const defaults = ourRoutes(dump).filter((r) => r.dev === index && isDefault(r.to) && r.via !== undefined)
  return defaults.map((r) => r.via as string).sort()
}

/** `ip route replace default via GATEWAY dev LINK` for each, after the deletion of those no longer wanted. */
export function gatewayChanges(link: LinkRef, have: readonly string[], want: readonly string[]): NetRequest[] {
  const families = new Set(want.map(defaultFor))
  const gone = have.filter((via) => !families.has(defaultFor(via)))
  return [
    ...gone.map((via): NetRequest => ({ op: "route-delete", to: defaultFor(via), via, dev: link })),
    ...want.map((via): NetRequest => ({ op: "route-replace", to: defaultFor(via), via, dev: link })),
  ]
}
