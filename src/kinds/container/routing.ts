import type { KernelError, NetRequest, Routing, Rule } from "../../kernel/kernel.ts"
import { ROUTE_PROTOCOL } from "../../kernel/kernel.ts"
import type { LiveMonitor, Scope } from "../../model/driver.ts"
import type { Attributes, Value } from "../../model/resource.ts"
import type { ContainerRecord } from "./record.ts"
import { observedRoutes, routeChanges } from "./routes.ts"
import type { ContainerAttributes } from "./spec.ts"
import type { NeighbourSpec, RuleSpec } from "./spec-routing.ts"
import { inOrder, needsRouting, neighbourKey, ruleKey, speltRule } from "./spec-routing.ts"

type RoutingAttributes = Pick<ContainerAttributes, "routes" | "rules" | "neighbours">

/** Routes, rules and neighbours of ours. The last two, and other tables than the main one, are read only of a container that has or had some. */
export function observedRouting(scope: Scope, name: string, { netns }: LiveMonitor, record: ContainerRecord | undefined): Attributes {
  const resource = scope.resource(`container.${name}`)
  const wanted = (resource?.attributes ?? {}) as unknown as Partial<RoutingAttributes>
  const isTold = wanted.rules !== undefined || wanted.neighbours !== undefined
  const isAsked = isTold || needsRouting(wanted) || (record !== undefined && (record.routing === true || needsRouting(record.attributes)))
  const routing = isAsked && netns !== undefined ? scope.routingOf(name) : undefined
  const routes = observedRoutes(scope, name, routing?.routes) as unknown as Value
  if (routing === undefined) return { routes }
  const [rules, neighbours] = [ourRules(routing), ourNeighbours(scope, name, routing)]
  return {
    routes,
    ...(rules.length === 0 && wanted.rules === undefined ? {} : { rules: rules as unknown as Value }),
    ...(neighbours.length === 0 && wanted.neighbours === undefined ? {} : { neighbours: neighbours as unknown as Value }),
  }
}

function ourRules({ rules }: Routing): RuleSpec[] {
  const found = rules
    .filter(({ protocol }) => protocol === ROUTE_PROTOCOL)
    .map(({ protocol: _, family, type, ...rest }) => ({
      ...rest,
      ...(family === "inet" ? {} : { family }),
      ...(type === "lookup" || type === "goto" ? {} : { type: type as RuleSpec["type"] }),
    }))
  return inOrder((found as RuleSpec[]).map(speltRule), ruleKey)
}

function ourNeighbours(scope: Scope, name: string, { neighbours }: Routing): NeighbourSpec[] {
  const links = new Map(scope.dumpOf(name)?.links.map(({ index, name: link }) => [index, link]))
  const found = neighbours.flatMap(({ to, dev, lladdr, protocol }): NeighbourSpec[] => {
    const link = links.get(dev)
    if (protocol !== ROUTE_PROTOCOL || link === undefined) return []
    return [{ to, dev: link, ...(lladdr === undefined ? { proxy: true } : { lladdr }) }]
  })
  return inOrder(found, neighbourKey)
}

/** What brings a container's routes, rules and neighbours from `have` to `want`. */
export function routingChanges(have: Partial<RoutingAttributes>, want: RoutingAttributes): NetRequest[] {
  const { gone, set } = routeChanges(have.routes ?? [], want.routes)
  return [
    ...gone,
    ...set,
    ...ruleChanges(have.rules ?? [], want.rules ?? []),
    ...neighbourChanges(have.neighbours ?? [], want.neighbours ?? []),
  ]
}

/** New ones first: at no moment is there none of the two. But the kernel has no two rules that only go on at different ones (rule_exists()). */
function ruleChanges(have: readonly RuleSpec[], want: readonly RuleSpec[]): NetRequest[] {
  const [there, wanted] = [new Set(have.map(ruleKey)), new Set(want.map(ruleKey))]
  const added = want.filter((rule) => !there.has(ruleKey(rule)))
  const gone = have.filter((rule) => !wanted.has(ruleKey(rule)))
  const anywhere = ({ goto, ...rule }: RuleSpec) => (goto === undefined ? undefined : ruleKey(rule))
  const places = new Set(added.flatMap((rule) => anywhere(rule) ?? []))
  const isInTheWay = (rule: RuleSpec) => places.has(anywhere(rule) ?? "")
  const removal = (rule: RuleSpec): NetRequest => ({ op: "rule-delete", rule: ruleOf(rule) })
  return [
    ...gone.filter(isInTheWay).map(removal),
    ...added.map((rule): NetRequest => ({ op: "rule-add", rule: ruleOf(rule) })),
    ...gone.filter((rule) => !isInTheWay(rule)).map(removal),
  ]
}

function ruleOf({ family, type, ...rest }: RuleSpec): Rule {
  return { ...rest, family: family ?? "inet", type: type ?? (rest.goto === undefined ? "lookup" : "goto") }
}

/** All wanted ones are set again: a link that went down has lost its own. */
function neighbourChanges(have: readonly NeighbourSpec[], want: readonly NeighbourSpec[]): NetRequest[] {
  const where = ({ to, dev, proxy }: NeighbourSpec) => neighbourKey({ to, dev, ...(proxy === undefined ? {} : { proxy }) })
  const wanted = new Set(want.map(where))
  const request = ({ to, dev, lladdr }: NeighbourSpec) => ({ to, dev, ...(lladdr === undefined ? {} : { lladdr }) })
  return [
    ...have.filter((one) => !wanted.has(where(one))).map((one): NetRequest => ({ op: "neighbour-delete", ...request(one) })),
    ...want.map((one): NetRequest => ({ op: "neighbour-replace", ...request(one) })),
  ]
}

/** What is gone already, with its link or by somebody's doing, need not be deleted. */
export function refusals(requests: readonly NetRequest[], answers: readonly (KernelError | null)[]): KernelError[] {
  return answers.flatMap((answer, i) => {
    const isGone = requests[i]?.op.endsWith("-delete") && ["ESRCH", "ENOENT", "ENODEV"].includes(answer?.errno ?? "")
    return answer === null || isGone ? [] : [answer]
  })
}
