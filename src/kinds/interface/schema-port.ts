import { PORT_DEFAULTS } from "../../base/bridge-options.ts"
import type { Fragment } from "../../model/fragment.ts"
import { truth, wholeNumber } from "../../model/fragment.ts"

/** What the port of an interface does on its bridge. Bounds: BR_MAX_PORTS, BR_MAX_PATH_COST in net/bridge/br_private_stp.h */
export function portKeys(): { readonly [key: string]: Fragment } {
  const usual = PORT_DEFAULTS
  return {
    isolated: truth("Whether it speaks only with ports that are not isolated.", usual.isolated),
    learning: truth("Whether the bridge learns the addresses behind it.", usual.learning),
    flood: truth("Whether it gets frames for addresses that the bridge has not learned.", usual.flood),
    mcast_flood: truth("Whether it gets multicast that nobody has asked for.", usual.mcast_flood),
    bcast_flood: truth("Whether it gets broadcasts.", usual.bcast_flood),
    neigh_suppress: truth("Whether the bridge answers for the neighbours that it knows.", usual.neigh_suppress),
    fastleave: truth("Whether it leaves a multicast group with the first message that says so.", usual.fastleave),
    guard: truth("Whether messages of the spanning tree (BPDUs) shut it.", usual.guard),
    root_block: truth("Whether the spanning tree's root may not be behind it.", usual.root_block),
    cost: wholeNumber("What the way by it costs in the spanning tree.", 1, 65_535, { default: usual.cost }),
    priority: wholeNumber("Of the spanning tree: of ports with the same cost the one with the least.", 0, 63, { default: usual.priority }),
  }
}
