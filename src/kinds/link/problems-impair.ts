import type { Diagnostic, Range } from "../../base/diagnostic.ts"
import { error } from "../../base/diagnostic.ts"
import type { HostFacts, Resource } from "../../model/resource.ts"
import { impairedEnds } from "./kind-impaired-ends.ts"
import { needsNetem } from "./spec-impair.ts"

/** What this kernel cannot impair, where the file says it. */
export function impairProblems(resource: Resource, host: Pick<HostFacts, "netem">): Diagnostic[] {
  if (host.netem !== false) return []
  return impairedEnds(resource).flatMap(([path, impair]) => {
    if (!needsNetem(impair)) return []
    const [key = "delay"] = Object.keys(impair).filter((word) => word !== "rate")
    const range = whereSaid(resource, path, key)
    return [
      error("no-netem", `this kernel has no netem (sch_netem), which \`${key}\` of ${path} needs`, {
        hint: "take a kernel with CONFIG_NET_SCH_NETEM, or load its module sch_netem; without it, `rate` alone can be had",
        address: resource.address,
        ...(range === undefined ? {} : { range }),
      }),
    ]
  })
}

/** An end that does not say it itself is as its pair says: what a path does not lead to is shown where its beginning is. */
function whereSaid(resource: Resource, path: string, key: string): Range | undefined {
  const own = resource.range(`${path}.${key}`)
  const end = resource.range(path.replace(/\.?impair$/, ""))
  const same = own?.start.line === end?.start.line && own?.start.column === end?.start.column
  return same ? resource.range(`impair.${key}`) : own
}
