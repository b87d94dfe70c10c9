import type { Diagnostic } from "../../base/diagnostic.ts"
import { error } from "../../base/diagnostic.ts"
import type { HostFacts, Resource } from "../../model/resource.ts"
import type { Impair } from "./spec-impair.ts"
import { needsNetem } from "./spec-impair.ts"

/** What this kernel cannot impair, by the path at which the file says it. */
export function impairProblems(resource: Resource, ends: { readonly [path: string]: Impair | undefined }, host: HostFacts): Diagnostic[] {
  if (host.netem !== false) return []
  return Object.entries(ends).flatMap(([path, impair]) => {
    if (impair === undefined || !needsNetem(impair)) return []
    const [key = "delay"] = Object.keys(impair).filter((word) => word !== "rate")
    const range = resource.range(`${path}.${key}`) ?? resource.range(`impair.${key}`) ?? resource.range(path) ?? resource.range()
    return [
      error("no-netem", `this kernel has no netem (sch_netem), which \`${key}\` of ${path} needs`, {
        hint: "take a kernel with CONFIG_NET_SCH_NETEM, or load its module sch_netem; without it, `rate` alone can be had",
        address: resource.address,
        ...(range === undefined ? {} : { range }),
      }),
    ]
  })
}
