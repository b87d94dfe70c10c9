import type { Diagnostic } from "../../base/diagnostic.ts"
import type { HostFacts, Resource } from "../../model/resource.ts"

export function natProblems(_resource: Resource, _host: HostFacts): Diagnostic[] {
  return []
}
