import type { Address } from "../../base/address.ts"
import type { Change, Doing } from "../../model/change.ts"
import type { Disturbance, Kind } from "../../model/kind.ts"
import type { Attributes } from "../../model/resource.ts"
import type { StepDraft } from "../../model/step.ts"
import { stepId } from "../../model/step.ts"
import { groupLike } from "../link/kind-group.ts"
import { withPrefixRoutes } from "../link/kind-prefix-routes.ts"
import { lostWithAddresses, lostWithLink, lostWithMac } from "../link/kind-routes.ts"
import { impairProblems } from "../link/problems-impair.ts"
import { vethRelations } from "./relations.ts"
import type { VethAttributes } from "./spec.ts"

/** A veth pair that no bridge joins, as the planner sees it. */
export const vethKind: Kind = {
  name: "veth",
  rules: [
    { path: "endpoints.*.container", change: "replace" },
    { path: "endpoints.*.interface", change: "replace" },
    { path: "endpoints.*.address", change: "update" },
    { path: "endpoints.*.prefix_routes", change: "update" },
    { path: "endpoints.*.mac", change: "update" },
    { path: "endpoints.*.up", change: "update" },
    { path: "endpoints.*.master", change: "update" },
    { path: "endpoints.*.impair.*", change: "update" },
    { path: "endpoints.*.accept_ra", change: "update" },
    { path: "endpoints.*.group", change: "update" },
    { path: "mtu", change: "update" },
    { path: "alias", change: "update" },
  ],
  normalise: (desired, { attributes }) => withGroupsOfEnds(withRoutesOfEnds(desired, attributes)),
  readdressed: (attributes, rename) => ({
    ...attributes,
    endpoints: endpointsOf(attributes).map((end) => ({ ...end, container: rename(end.container) })),
  }),
  relations: (attributes) => vethRelations(attributes as unknown as VethAttributes),
  steps,
  disturbs,
  check: impairProblems,
}

function endpointsOf(attributes: Attributes | null): VethAttributes["endpoints"] {
  return ((attributes ?? {}) as unknown as Partial<VethAttributes>).endpoints ?? []
}

interface Sides {
  desired: Attributes
  observed: Attributes
}

function endsOf({ endpoints }: Attributes): readonly Attributes[] {
  return (endpoints ?? []) as readonly Attributes[]
}

function withGroupsOfEnds(sides: Sides): Sides {
  const [want, have] = [endsOf(sides.desired), endsOf(sides.observed)]
  if (!isGrouped(want) && !isGrouped(have)) return sides
  const like = (ends: readonly Attributes[], others: readonly Attributes[]) =>
    ends.map((end, i) => ({ ...end, ...groupLike(end, others[i] ?? {}, sides.desired.alias) }))
  return { desired: { ...sides.desired, endpoints: like(want, have) }, observed: { ...sides.observed, endpoints: like(have, want) } }
}

/** A plain loop: of a thousand pairs none has any, as a rule. */
function isGrouped(ends: readonly Attributes[]): boolean {
  for (const { group } of ends) if (group !== undefined) return true
  return false
}

function withRoutesOfEnds(desired: Attributes, observed: Attributes): Sides {
  const [want, have] = [endsOf(desired), endsOf(observed)]
  if (![...want, ...have].some(({ prefix_routes }) => prefix_routes !== undefined)) return { desired, observed }
  const sides = want.map((end, i) => withPrefixRoutes({ desired: end, observed: have[i] ?? {} }))
  return {
    desired: { ...desired, endpoints: sides.map((side) => side.desired) },
    observed: { ...observed, endpoints: have.map((end, i) => sides[i]?.observed ?? end) },
  }
}

function containersOf(attributes: Attributes | null): Address[] {
  const names = endpointsOf(attributes).map((e) => e.container)
  return [...new Set(names)].filter((container) => container !== "host")
}

function places(attributes: Attributes | null): string[] {
  return endpointsOf(attributes).map((e) => `${e.container}/${e.interface}`)
}

function stepsOf(containers: readonly Address[], ...ops: string[]): string[] {
  return containers.flatMap((container) => ops.map((op) => stepId(container, op)))
}

function steps(change: Doing): StepDraft[] {
  const containers = containersOf(change.after)
  const create: StepDraft = {
    op: "create",
    after: [stepId(change.address, "delete"), ...stepsOf(containers, "spawn")],
    before: stepsOf(containers, "routes", "sysctls", "start", "restart"),
    takes: places(change.after),
  }
  // Ends go with their namespaces: where the containers end anyway, hardly anything is left to delete.
  const remove: StepDraft = {
    op: "delete",
    after: stepsOf(containersOf(change.before), "stop"),
    before: stepsOf(containersOf(change.before), "remove", "routes"),
    frees: places(change.before),
  }
  switch (change.action) {
    case "create":
      return [create]
    case "update":
      return [{ op: "update", before: stepsOf(containers, "routes", "sysctls", "start", "restart") }]
    case "replace":
      return [remove, create]
    case "delete":
      return [remove]
  }
}

function disturbs({ action, before, after, fields }: Change): Disturbance[] {
  const isGone = action === "replace" || action === "delete"
  return endpointsOf(before).flatMap(({ container, interface: name, address }, i) => {
    if (container === "host") return []
    if (isGone) return lostWithLink(container, name, address)
    const changed = (field: string) => fields.some(({ path }) => path === `endpoints.${i}.${field}`)
    return [
      ...(changed("mac") ? [lostWithMac(container, name)] : []),
      ...(changed("address") ? [lostWithAddresses(container, address, endpointsOf(after)[i]?.address ?? [])] : []),
    ]
  })
}
