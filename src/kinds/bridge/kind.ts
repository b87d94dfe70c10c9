import { BRIDGE_DEFAULTS, BRIDGE_OPTIONS, likewise } from "../../base/bridge-options.ts"
import type { Doing } from "../../model/change.ts"
import type { Kind } from "../../model/kind.ts"
import type { Attributes } from "../../model/resource.ts"
import type { StepDraft } from "../../model/step.ts"
import { stepId } from "../../model/step.ts"
import { groupLike } from "../link/kind-group.ts"
import { renamedPlaces } from "../link/kind-places.ts"
import { withPrefixRoutes } from "../link/kind-prefix-routes.ts"
import { bridgeProblems } from "./problems.ts"

/** A bridge, as the planner sees it. */
export const bridgeKind: Kind = {
  name: "bridge",
  rules: [
    { path: "interface", change: "update" },
    { path: "alias", change: "update" },
    { path: "group", change: "update" },
    { path: "address", change: "update" },
    { path: "prefix_routes", change: "update" },
    { path: "mtu", change: "update" },
    { path: "mac", change: "update" },
    { path: "stp", change: "update" },
    { path: "vlan_filtering", change: "update" },
    { path: "ageing_time", change: "update" },
    { path: "up", change: "update" },
    ...BRIDGE_OPTIONS.map((path) => ({ path, change: "update" as const })),
  ],
  asFound: (attributes, { altname }) => (altname === undefined ? attributes : { ...attributes, altname }),
  normalise: (desired, { attributes }) =>
    withPrefixRoutes({
      desired: { ...likewise(BRIDGE_DEFAULTS, desired, attributes), ...groupLike(desired, attributes, desired.alias) },
      observed: { ...likewise(BRIDGE_DEFAULTS, attributes, desired), ...groupLike(attributes, desired, desired.alias) },
    }),
  steps,
  check: bridgeProblems,
}

function steps(change: Doing): StepDraft[] {
  const create: StepDraft = { op: "create", after: [stepId(change.address, "delete")], takes: places(change.after) }
  const remove: StepDraft = { op: "delete", frees: places(change.before) }
  switch (change.action) {
    case "create":
      return [create]
    case "update":
      return [{ op: "update", ...renamedPlaces(places(change.before), places(change.after)) }]
    case "replace":
      return [remove, create]
    case "delete":
      return [remove]
  }
}

function places(attributes: Attributes | null): string[] {
  return typeof attributes?.interface === "string" ? [`host/${attributes.interface}`] : []
}
