import type { Resource } from "../../model/resource.ts"
import type { InterfaceAttributes } from "../interface/spec.ts"
import type { VethAttributes } from "../veth/spec.ts"
import type { Impair } from "./spec-impair.ts"

/** The ends of a link that are impaired: what each is, by the path of the attribute. Of other resources none. */
export function impairedEnds({ kind, attributes }: Pick<Resource, "kind" | "attributes">): [path: string, impair: Impair][] {
  return endsOf(kind, attributes).flatMap(([path, impair]) => (impair === undefined ? [] : [[path, impair]]))
}

function endsOf(kind: Resource["kind"], attributes: Resource["attributes"]): [string, Impair | undefined][] {
  if (kind === "veth") {
    const { endpoints } = attributes as unknown as VethAttributes
    return endpoints.map(({ impair }, i) => [`endpoints.${i}.impair`, impair])
  }
  if (kind !== "interface") return []
  const { impair, host_end } = attributes as unknown as InterfaceAttributes
  return [
    ["impair", impair],
    ["host_end.impair", host_end?.impair],
  ]
}
