import type { Kernel, KernelError, NetNs, NetRequest, NextHop } from "../../kernel/kernel.ts"
import { ROUTE_PROTOCOL } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import type { Observed } from "../../model/resource.ts"
import { passingWay } from "../link/routes.ts"
import { askAgain, hasNoWay, sendRouted } from "../link/subnet-routes.ts"
import type { ContainerRecord } from "./record.ts"
import type { RouteSpec } from "./spec-routing.ts"

/** By which link the kernel found each next hop that the file names without one: `{ ways: { "10.0.0.254": "eth0" } }`. For who gives routes back. */
export function observedWays(scope: Scope, name: string, record: ContainerRecord | undefined): Observed["live"] {
  const dump = record?.attributes.routes.some(isLeftToKernel) ? scope.dumpOf(name) : undefined
  if (dump === undefined) return {}
  const ways: { [via: string]: string } = {}
  const take = ({ via, dev }: Pick<NextHop, "via" | "dev">) => {
    const link = via === undefined || ways[via] !== undefined ? undefined : dump.links.find(({ index }) => index === dev)
    if (link !== undefined) ways[via as string] = link.name
  }
  for (const route of dump.routes) {
    if (route.protocol !== ROUTE_PROTOCOL) continue
    take(route)
    route.nexthops?.forEach(take)
  }
  return { ways }
}

function isLeftToKernel({ via, dev, nexthops }: RouteSpec): boolean {
  if (via !== undefined && dev === undefined) return true
  return nexthops?.some((hop) => hop.via !== undefined && hop.dev === undefined) ?? false
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
