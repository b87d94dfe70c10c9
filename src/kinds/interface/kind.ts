import type { Address } from "../../base/address.ts"
import { likewise, PORT_DEFAULTS, PORT_OPTIONS } from "../../base/bridge-options.ts"
import type { Diagnostic } from "../../base/diagnostic.ts"
import type { Change, Doing } from "../../model/change.ts"
import type { Disturbance, Kind } from "../../model/kind.ts"
import type { Attributes, HostFacts, Observed, Resource, Value } from "../../model/resource.ts"
import type { StepDraft } from "../../model/step.ts"
import { stepId } from "../../model/step.ts"
import { groupLike } from "../link/kind-group.ts"
import { renamedPlaces } from "../link/kind-places.ts"
import { withPrefixRoutes } from "../link/kind-prefix-routes.ts"
import { lostWithAddresses, lostWithLink, lostWithMac } from "../link/kind-routes.ts"
import { impairProblems } from "../link/problems-impair.ts"
import { onSameLower, undoneByLower } from "./kind-on-link.ts"
import { WIREGUARD_RULES, withoutUnsaid } from "./kind-wireguard.ts"
import { interfaceProblems } from "./problems.ts"
import { insideAddress, interfaceRelations } from "./relations.ts"
import type { InterfaceAttributes } from "./spec.ts"

/** An interface of a container, as the planner sees it. */
export const interfaceKind: Kind = {
  name: "interface",
  rules: [
    { path: "container", change: "replace" },
    { path: "link.*", change: "replace" },
    { path: "parent", change: "replace" },
    // The kernel takes a link down and up again for it: its addresses and routes would go along.
    { path: "inside_master", change: "replace" },
    { path: "interface", change: "update" },
    { path: "host_interface", change: "update" },
    { path: "alias", change: "update" },
    { path: "group", change: "update" },
    { path: "bridge", change: "update" },
    { path: "master", change: "update" },
    { path: "address", change: "update" },
    { path: "prefix_routes", change: "update" },
    { path: "gateway", change: "update" },
    { path: "mac", change: "update" },
    { path: "mtu", change: "update" },
    { path: "up", change: "update" },
    { path: "impair.*", change: "update" },
    { path: "host_end.mac", change: "update" },
    { path: "host_end.address", change: "update" },
    { path: "host_end.up", change: "update" },
    { path: "host_end.impair.*", change: "update" },
    { path: "vlans", change: "update" },
    { path: "fdb", change: "update" },
    { path: "l3mdev.*", change: "update" },
    ...WIREGUARD_RULES,
    { path: "bond.*", change: "update" },
    { path: "host_end.state", change: "update" },
    ...PORT_OPTIONS.map((option) => ({ path: `host_end.${option}`, change: "update" as const })),
  ],
  normalise,
  readdressed,
  asFound: (attributes, { altnames }) => (altnames === undefined ? attributes : { ...attributes, altnames }),
  relations: (attributes) => interfaceRelations(attributes as unknown as InterfaceAttributes),
  steps,
  disturbs,
  undoneBy: undoneByLower,
  check,
}

function check(resource: Resource, host: HostFacts): Diagnostic[] {
  return [...interfaceProblems(resource, host), ...impairProblems(resource, host)]
}

/**
 * A link without impairments has none by wish. A link that is down has no routes: its gateways come with `up`. Of a bridge that is to be called
 * otherwise it stays a port. What is to be a port and is a link with one end is none of what that is.
 */
function normalise(desired: Attributes, { attributes }: Observed): { desired: Attributes; observed: Attributes } {
  const sameBridge = attributes.bridge !== undefined && attributes.bridge === desired.bridge && desired.master !== undefined
  return withPrefixRoutes({
    desired: {
      ...desired,
      ...(desired.up === false ? { gateway: [] } : {}),
      ...(desired.impair === undefined ? { impair: {} } : {}),
      ...(desired.link === undefined && attributes.link !== undefined ? { link: {} } : {}),
      ...(desired.inside_master === undefined && attributes.inside_master !== undefined ? { inside_master: "" } : {}),
      ...(desired.fdb === undefined && attributes.fdb !== undefined ? { fdb: [] } : {}),
      ...ruledAs(desired, attributes),
      ...groupLike(desired, attributes, desired.alias),
      ...portOf(desired, attributes),
      ...offItsBridge(desired),
    },
    observed:
      sameBridge || desired.host_end !== undefined
        ? {
            ...offItsBridge({ ...attributes, ...desired }),
            ...attributes,
            ...masterOf(desired, sameBridge),
            ...portOf(attributes, desired),
            ...groupLike(attributes, desired, desired.alias),
          }
        : {
            ...withoutUnsaid(desired, onSameLower(desired, attributes)),
            ...ruledAs(attributes, desired),
            ...groupLike(attributes, desired, desired.alias),
          },
  })
}

/** A rule of vrfs of which only one side tells is there on the other one. */
function ruledAs({ l3mdev: one }: Attributes, { l3mdev: other }: Attributes): Attributes {
  if (other === undefined) return {}
  const there = Object.fromEntries(Object.keys(other as object).map((family) => [family, true]))
  return { l3mdev: { ...there, ...(one as Attributes | undefined) } }
}

/** What is given back as it was found is no port where somebody had taken it off its bridge. */
function offItsBridge({ host_end, master }: Attributes): Attributes {
  return host_end === undefined || master !== undefined ? {} : { master: "" }
}

function masterOf({ master }: Attributes, sameBridge: boolean): Attributes {
  return sameBridge ? { master: master as Value } : {}
}

/** No file can shut a port: only what is given back of one that was found so is. */
const PORT_USUAL = { ...PORT_DEFAULTS, state: "forwarding" }

/** An option of a port that only one side has is as usual on the other one. */
function portOf({ host_end: one }: Attributes, { host_end: other }: Attributes): Attributes {
  const both = typeof one === "object" && one !== null && typeof other === "object" && other !== null
  if (!both || one === other) return {}
  const whole = likewise(PORT_USUAL, one, other)
  return whole === one ? {} : { host_end: whole as Value }
}

function readdressed({ bridge, container, parent, ...rest }: Attributes, rename: (address: Address) => Address): Attributes {
  return {
    ...(typeof bridge === "string" ? { bridge: rename(bridge) } : {}),
    ...(typeof parent === "string" ? { parent: rename(parent) } : {}),
    ...(typeof container === "string" ? { container: rename(container) } : {}),
    ...rest,
  }
}

function steps(change: Doing): StepDraft[] {
  switch (change.action) {
    case "create":
      return [creation(change)]
    case "update":
      return [update(change)]
    case "replace":
      return [deletion(change), creation(change)]
    case "delete":
      return [deletion(change)]
  }
}

/** Steps of its container that need the link as it shall be: routes leave by it, sysctls name it, the command expects it. */
function waiting(container: Address): string[] {
  return ["routes", "sysctls", "start", "restart"].map((op) => stepId(container, op))
}

/** A bridge, or what it lies on. */
function ofLower(lower: Address | undefined): string[] {
  return lower === undefined ? [] : [stepId(lower, "create"), stepId(lower, "update")]
}

/** A bond takes its members as they are to be, and lets those go that are still there. */
function ofMembers(attributes: Attributes | null): string[] {
  return membersOf(attributes).flatMap((member) => ["delete", "create", "update"].map((op) => stepId(member, op)))
}

function membersOf(attributes: Attributes | null): Address[] {
  const { container, bond } = (attributes ?? {}) as unknown as Partial<InterfaceAttributes>
  return container === undefined ? [] : (bond?.members ?? []).map((name) => insideAddress(container, name))
}

function creation(change: Change): StepDraft {
  const { container, bridge, parent, inside_master: vrf } = change.after as unknown as InterfaceAttributes
  return {
    op: "create",
    after: [
      ...ofLower(bridge ?? parent),
      ...(vrf === undefined ? [] : [stepId(insideAddress(container, vrf), "create")]),
      ...ofMembers(change.after),
      stepId(container, "spawn"),
      stepId(change.address, "delete"),
    ],
    before: waiting(container),
    takes: places(change.after),
  }
}

function update(change: Change): StepDraft {
  const { container, bridge, parent } = change.after as unknown as InterfaceAttributes
  return {
    op: "update",
    after: [...ofLower(bridge ?? parent), ...ofMembers(change.after), ...ofMembers(change.before)],
    before: waiting(container),
    ...renamedPlaces(places(change.before), places(change.after)),
  }
}

function deletion(change: Change): StepDraft {
  const { container, host_interface: port, link } = (change.before ?? {}) as unknown as Partial<InterfaceAttributes>
  // Without a port on the host it can only be reached in the container's namespace, while there is one; a lent device may die with that.
  const ops = ["routes", ...(port === undefined ? ["remove"] : []), ...(link?.kind === "phys" ? ["stop"] : [])]
  const ofContainer = container === undefined ? [] : ops.map((op) => stepId(container, op))
  return {
    op: "delete",
    // The kernel takes members down as it lets them go.
    before: [...ofContainer, ...membersOf(change.before).map((member) => stepId(member, "update"))],
    frees: places(change.before),
  }
}

function places(attributes: Attributes | null): string[] {
  const { container, interface: inside, host_interface: outside, link } = (attributes ?? {}) as unknown as Partial<InterfaceAttributes>
  return [
    ...(outside === undefined ? [] : [`host/${outside}`]),
    ...(inside === undefined ? [] : [`${container}/${inside}`]),
    ...(link?.kind === "phys" ? [`lent/${link.parent}`] : []),
  ]
}

function disturbs({ action, before, after, fields }: Change): Disturbance[] {
  const { container, interface: name, address = [] } = (before ?? {}) as unknown as Partial<InterfaceAttributes>
  if (container === undefined || name === undefined) return []
  const released =
    action === "delete" ? membersOf(before).map((member) => ({ address: member, field: "up", touches: (up: Value) => up === true })) : []
  if (action === "replace" || action === "delete") return [...lostWithLink(container, name, address), ...released]
  const changed = (field: string) => fields.some(({ path }) => path === field)
  return [
    ...(changed("mac") ? [lostWithMac(container, name)] : []),
    ...(changed("address") ? [lostWithAddresses(container, address, (after as unknown as InterfaceAttributes).address)] : []),
  ]
}
