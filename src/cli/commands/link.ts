import type { Kernel, NetDump, NetRequest, Routing } from "../../kernel/kernel.ts"
import { ROUTE_PROTOCOL } from "../../kernel/kernel.ts"
import { canonicalAddresses } from "../../kinds/link/addresses.ts"
import { isLasting, leavesBy, routeAgain } from "../../kinds/link/routes.ts"
import { givenBack } from "../../kinds/link/vlans-on.ts"
import type { Context } from "../context.ts"
import type { Fault } from "../fault.ts"
import { doFaults, unlessGone } from "../fault.ts"
import type { LiveEnd } from "../live-link.ts"
import { liveEnds, readLink } from "../live-link.ts"
import { requireEntering } from "../privileges.ts"
import { openSession } from "../session.ts"
import type { FileOptions } from "../stack-file.ts"
import { liveStackName } from "../stack-file.ts"

export interface LinkOptions extends FileOptions {
  address: string
  up: boolean
  /** Milliseconds. */
  for?: number
}

/** Sets a live link down or up at once. */
export async function link(options: LinkOptions, context: Context): Promise<number> {
  const session = openSession(liveStackName(options, context), context)
  requireEntering(session.kernel, "the link is changed where it is, in a network namespace of the stack's")
  const ends = liveEnds(session, options.address)
  return doFaults(
    session.kernel,
    ends.map((end) => faultOf(session.kernel, end, options.up)),
    options.for,
    context,
  )
}

function faultOf(kernel: Kernel, end: LiveEnd, up: boolean): Fault {
  const before = readLink(kernel, end)?.up
  const lost = up ? [] : lostWith(kernel, end)
  return {
    end,
    words: up ? "up" : "down",
    requests: [{ op: "link-set", link: end.index, up }],
    back: () => {
      const now = unlessGone(() => readLink(kernel, end))?.up
      if (before === undefined || now !== up || before === up) return []
      return [{ op: "link-set", link: end.index, up: before }, ...(before ? lost : [])]
    },
  }
}

/** What goes with a link that goes down: of its own, and of VLANs on it, which go down and up with it. */
function lostWith(kernel: Kernel, { ns, index }: LiveEnd): NetRequest[] {
  const [dump, routing] = [kernel.dump(ns), kernel.routing(ns)]
  return givenBack(index, dump.links, (link) => lostOf(link, dump, routing))
}

/** Its IPv6 addresses, the routes by it that nobody sets again, and neighbours that were not learned. */
function lostOf(index: number, dump: NetDump, routing: Routing): NetRequest[] {
  const addresses = canonicalAddresses(dump, index).filter((address) => address.includes(":"))
  const routes = [...dump.routes, ...routing.routes].filter((route) => leavesBy(route, index) && isLasting(route))
  const neighbours = routing.neighbours.filter(({ dev, protocol }) => dev === index && protocol === ROUTE_PROTOCOL)
  return [
    ...addresses.map((address): NetRequest => ({ op: "address-add", link: index, address })),
    ...[...routes.filter(({ via }) => via === undefined), ...routes.filter(({ via }) => via !== undefined)].map(routeAgain),
    ...neighbours.map(
      ({ to, dev, lladdr }): NetRequest => ({ op: "neighbour-replace", to, dev, ...(lladdr === undefined ? {} : { lladdr }) }),
    ),
  ]
}
