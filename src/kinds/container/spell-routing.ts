import type { SpeltMap } from "../../model/spelt.ts"
import { withoutAbsent } from "../../model/spelt.ts"
import type { ContainerAttributes } from "./spec.ts"
import type { NeighbourSpec, RouteSpec, RuleSpec } from "./spec-routing.ts"
import { MAIN_TABLE } from "./spec-routing.ts"

/** `routes`, `rules` and `neighbours`, where there are some. */
export function spellRouting({
  routes,
  rules = [],
  neighbours = [],
}: Pick<ContainerAttributes, "routes" | "rules" | "neighbours">): SpeltMap {
  return withoutAbsent({
    routes: routes.length === 0 ? undefined : routes.map(spellRoute),
    rules: rules.length === 0 ? undefined : rules.map(spellRule),
    neighbours:
      neighbours.length === 0
        ? undefined
        : neighbours.map(({ to, lladdr, dev, proxy }: NeighbourSpec) => withoutAbsent({ to, lladdr, dev, proxy })),
  })
}

/** A destination that is everything is `default`; of IPv6 only where the next hop says so, and of IPv4 where it does not say otherwise. */
function spellRoute({ to, nexthops, ...rest }: RouteSpec): SpeltMap {
  const first = rest.via ?? nexthops?.find(({ via }) => via !== undefined)?.via
  const all = to === (first?.includes(":") ? "::/0" : "0.0.0.0/0")
  return withoutAbsent({ to: all ? "default" : to, ...rest, nexthops: nexthops?.map((hop) => withoutAbsent({ ...hop })) })
}

/** What a rule says that no file can is left out. */
function spellRule({ fwmark, fwmask, table, family, from, to, other: _, ...rest }: RuleSpec): SpeltMap {
  const hex = (value: number) => `0x${value.toString(16)}`
  return withoutAbsent({
    ...rest,
    family: from === undefined && to === undefined ? family : undefined,
    from,
    to,
    fwmark: fwmark === undefined ? undefined : fwmask === undefined ? fwmark : `${hex(fwmark)}/${hex(fwmask)}`,
    table: table === MAIN_TABLE ? "main" : table,
  })
}
