import type { Kernel, KernelError, NetNs, NetRequest } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import type { Observed, Value } from "../../model/resource.ts"
import { ourRoutes, passingWay } from "../link/routes.ts"
import { askAgain, hasNoWay, sendRouted } from "../link/subnet-routes.ts"
import { hopsOf } from "./kind-ways.ts"
import type { ContainerRecord } from "./record.ts"
import type { RouteSpec } from "./spec-routing.ts"

/** By which link the kernel found each next hop that the file names without one: `{ ways: { "10.0.0.254": "eth0" } }`. For who gives routes back. */
export function observedWays(scope: Scope, name: string, record: ContainerRecord | undefined): Observed["live"] {
  const dump = record === undefined || record.attributes.routes.every(isPlain) ? undefined : scope.dumpOf(name)
  if (dump === undefined) return {}
  const names = new Map(dump.links.map(({ index, name: link }) => [index, link]))
  const hops = ourRoutes(dump).flatMap(({ via, dev, nexthops = [] }) => [{ via, dev }, ...nexthops])
  const ways = hops.flatMap(({ via, dev }): [string, Value][] =>
    via === undefined || !names.has(dev) ? [] : [[via, names.get(dev) as string]],
  )
  return { ways: Object.fromEntries(ways) }
}

function isPlain(route: RouteSpec): boolean {
  return hopsOf(route).every(({ via, dev }) => via === undefined || dev !== undefined)
}

/** As `sendRouted`; where a next hop of one that is given back is refused, it gets a way for as long as the kernel asks for one. */
export function sendBack(kernel: Kernel, ns: NetNs, requests: readonly NetRequest[], wanted: readonly RouteSpec[]): (KernelError | null)[] {
  const answers = sendRouted(kernel, ns, requests)
  const ways = new Map(wanted.flatMap((route) => Object.entries(route.ways ?? {})))
  if (ways.size === 0 || !answers.some((answer) => answer !== null && hasNoWay(answer))) return answers
  const passing = [...ways].map(([via, link]) => passingWay(via, link))
  kernel.net(
    ns,
    passing.map(({ set }) => set),
  )
  askAgain(kernel, ns, requests, answers)
  kernel.net(
    ns,
    passing.map(({ remove }) => remove),
  )
  return answers
}
