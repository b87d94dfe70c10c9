import type { Attributes, Observed, Value } from "../../model/resource.ts"
import type { NextHopSpec, RouteSpec } from "./spec-routing.ts"

function hopsOf({ via, dev, nexthops = [] }: RouteSpec): NextHopSpec[] {
  return [{ ...(via === undefined ? {} : { via }), ...(dev === undefined ? {} : { dev }) }, ...nexthops]
}

/** Routes as they are wished for where they are given back: with the way to each next hop, which by then may be in no subnet of its link any more. */
export function withWays(attributes: Attributes, { ways }: Observed["live"]): Attributes {
  if (ways === undefined || attributes.routes === undefined) return attributes
  const known = ways as { readonly [via: string]: string }
  const routes = (attributes.routes as unknown as RouteSpec[]).map((route) => {
    const its = hopsOf(route).flatMap(({ via, dev }) => (via === undefined ? [] : [[via, dev ?? known[via]]]))
    return { ...route, ways: Object.fromEntries(its.filter(([, link]) => link !== undefined)) }
  })
  return { ...attributes, routes: routes as unknown as Value }
}
