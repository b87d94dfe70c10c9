import type { Address } from "../../base/address.ts"
import type { Change, Doing } from "../../model/change.ts"
import type { Kind } from "../../model/kind.ts"
import type { Attributes, Reference } from "../../model/resource.ts"
import type { StepDraft } from "../../model/step.ts"
import { stepId } from "../../model/step.ts"
import { natProblems } from "./problems.ts"
import { LOCALNET } from "./spec.ts"
import type { PublishedPorts } from "./spec-ports.ts"

/** What becomes of the packets of a bridge, as the planner sees it. */
export const natKind: Kind = {
  name: "nat",
  rules: [
    { path: "rules", change: "update" },
    { path: "ports.*", change: "update" },
    { path: "hairpin", change: "update" },
    { path: "sysctls.*", change: "update" },
  ],
  relations: ({ hairpin }, all) => ({ references: linksOf(hairpin as string[], all) }),
  steps,
  readdressed,
  check: natProblems,
}

/** A link that is made anew has to be told again. */
function linksOf(hairpin: readonly string[], all: Parameters<NonNullable<Kind["relations"]>>[1]): Reference[] {
  const links = all.filter(({ kind, attributes }) => kind === "interface" && hairpin.includes(attributes.host_interface as string))
  return links.map(({ address }) => ({ address, onReplace: { update: "hairpin" } }))
}

function steps(change: Doing): StepDraft[] {
  const { action, address } = change
  switch (action) {
    case "create":
      return [{ op: "create", ...around(change) }]
    case "update":
      return [{ op: "update", ...around(change) }]
    case "replace":
      return [
        { op: "delete", frees: places(change.before) },
        { op: "create", ...around(change, [stepId(address, "delete")]) },
      ]
    case "delete":
      return [{ op: "delete", frees: places(change.before) }]
  }
}

function readdressed({ ports, ...rest }: Attributes, rename: (address: Address) => Address): Attributes {
  const renamed = Object.entries((ports ?? {}) as unknown as PublishedPorts).map(([published, target]) => [
    published,
    Array.isArray(target) ? target : { ...target, interface: rename(target.interface) },
  ])
  return { ...rest, ...(ports === undefined ? {} : { ports: Object.fromEntries(renamed) }) }
}

/** Rules name links that need not be there yet; what is set on links does. */
function around({ resource, after }: Change, rest: readonly string[] = []): Pick<StepDraft, "after" | "takes"> {
  const links = (resource?.references ?? []).flatMap(({ address }) => [stepId(address, "create"), stepId(address, "update")])
  return { after: [...rest, ...links], takes: places(after) }
}

/** The one parameter of a bridge that two may set, one after the other: under its former name and its new one. */
function places(attributes: Attributes | null): string[] {
  return Object.keys(attributes?.sysctls ?? {}).filter((name) => LOCALNET.test(name))
}
