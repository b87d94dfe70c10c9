import { parseIp } from "../../base/ip.ts"
import { nearest } from "../../base/nearest.ts"
import type { RouteEntry } from "../../kinds/container/expand-routes.ts"
import type { Draft, DraftContainer } from "../resolve.ts"
import { namesIn } from "../resolve.ts"
import { isOnLink, linksOf } from "./on-link.ts"

/** The links of a container. */
interface Links {
  links: ReturnType<typeof linksOf>
  /** None is mistaken as a whole, and so may be the one that is meant. */
  named: boolean
  /** And of each the subnets are known. */
  placed: boolean
}

/** Routes over interfaces that are not there, are down, or from which the next hop cannot be reached. */
export function checkRoutes(draft: Draft): void {
  for (const container of draft.containers) {
    const routes = container.value.routes ?? []
    if (routes.length === 0 || container.attributes.namespaces.net !== "new") continue
    const links = linksOf(draft, container)
    const named = draft.allVeths && isEachKnown(container)
    const placed = named && container.interfaces.every((one) => one.placed)
    for (const [i, route] of routes.entries()) checkRoute(container, { links, named, placed }, route, i)
  }
}

function checkRoute(container: DraftContainer, { links, named, placed }: Links, { dev, via }: RouteEntry, i: number): void {
  const { entry } = container
  const link = dev === undefined ? undefined : links.get(dev)
  if (dev !== undefined && dev !== "lo" && link === undefined) {
    if (!named || entry.has(["interfaces", dev])) return
    const near = nearest(dev, links.keys())
    const hint =
      near === undefined
        ? links.size === 0
          ? "it has none: add one under `interfaces:`"
          : `it has ${[...links.keys()].join(", ")}`
        : `did you mean \`${near}\`?`
    entry.report(["routes", i, "dev"], "unknown-reference", `${entry.address} has no interface \`${dev}\``, { hint })
    return
  }
  if (link?.up === false)
    entry.report(["routes", i, "dev"], "unreachable-gateway", `interface ${dev} is down: it can carry no route`, {
      hint: "take out `up: false`, or the route",
    })
  const ip = via === undefined ? undefined : parseIp(via)
  if (ip === undefined || [...links].some(([name, l]) => (dev ?? name) === name && l.up && isOnLink(l.subnets, ip))) return
  if (link?.up === false || !placed) return
  const where = dev === undefined ? `no subnet of ${entry.address} holds it` : `it is in no subnet of ${dev}`
  entry.report(["routes", i, "via"], "unreachable-gateway", `next hop ${via} cannot be reached: ${where}`, {
    hint: "choose an address of a subnet that one of its interfaces is in",
  })
}

function isEachKnown({ entry, interfaces, source }: DraftContainer): boolean {
  const written = namesIn(source.value, "interfaces").length
  return written === interfaces.length && (written > 0 || !entry.has(["interfaces"]))
}
