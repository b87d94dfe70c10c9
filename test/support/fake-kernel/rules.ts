import type { LiveRule, Neighbour, NetRequest, Rule } from "../../../src/kernel/kernel.ts"
import { ROUTE_PROTOCOL, VRF_RULE_PRIORITY } from "../../../src/kernel/kernel.ts"
import type { NetCall } from "./links.ts"
import { findLink } from "./links.ts"

type NeighbourRequest = NetRequest & { op: "neighbour-replace" | "neighbour-delete" }

function isAlike({ protocol: _, ...have }: LiveRule, want: Rule): boolean {
  const text = (rule: Rule) => JSON.stringify(Object.entries(rule).sort(([a], [b]) => (a < b ? -1 : 1)))
  return text(have) === text(want)
}

/** One that is alike is there already, whosever it is. */
export function addRule(call: NetCall, rule: Rule): void {
  if (call.network.rules.some((have) => isAlike(have, rule))) call.refuse("EEXIST")
  call.network.rules.push({ ...rule, protocol: ROUTE_PROTOCOL })
}

export function deleteRule(call: NetCall, rule: Rule): void {
  const at = call.network.rules.findIndex((have) => have.protocol === ROUTE_PROTOCOL && isAlike(have, rule))
  if (at < 0) call.refuse("ENOENT")
  call.network.rules.splice(at, 1)
}

function vrfRule(family: Rule["family"]): LiveRule {
  return { family, priority: VRF_RULE_PRIORITY, type: "lookup", table: 0, other: "l3mdev", protocol: 2 }
}

/** With the first vrf of a namespace both come, and never again. vrf_add_fib_rules() */
export function ruleVrfs(network: NetCall["network"]): void {
  if (network.hadVrf) return
  network.hadVrf = true
  network.rules.push(vrfRule("inet"), vrfRule("inet6"))
}

export function addVrfRule(call: NetCall, family: Rule["family"]): void {
  const { protocol: _, ...rule } = vrfRule(family)
  if (call.network.rules.some((have) => isAlike(have, rule))) call.refuse("EEXIST")
  call.network.rules.push(vrfRule(family))
}

export function deleteVrfRule(call: NetCall, family: Rule["family"]): void {
  const { protocol: _, ...rule } = vrfRule(family)
  const at = call.network.rules.findIndex((have) => isAlike(have, rule))
  if (at < 0) call.refuse("ENOENT")
  call.network.rules.splice(at, 1)
}

function placeOf(call: NetCall, { to, dev, lladdr }: NeighbourRequest): number {
  const { index } = findLink(call, dev)
  const isThere = (one: Neighbour) => one.to === to && one.dev === index && (one.lladdr === undefined) === (lladdr === undefined)
  return call.network.neighbours.findIndex(isThere)
}

/** A link that is down has none. */
export function replaceNeighbour(call: NetCall, request: NeighbourRequest): void {
  const { to, dev, lladdr } = request
  const link = findLink(call, dev)
  const neighbour = { to, dev: link.index, protocol: ROUTE_PROTOCOL, ...(lladdr === undefined ? {} : { lladdr }) }
  const at = placeOf(call, request)
  if (at < 0) call.network.neighbours.push(neighbour)
  else call.network.neighbours[at] = neighbour
}

export function deleteNeighbour(call: NetCall, request: NeighbourRequest): void {
  const at = placeOf(call, request)
  if (at < 0) call.refuse("ENOENT")
  call.network.neighbours.splice(at, 1)
}
