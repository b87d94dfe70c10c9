import type { Diagnostic } from "../../base/diagnostic.ts"
import { error } from "../../base/diagnostic.ts"
import type { HostFacts, Resource } from "../../model/resource.ts"
import type { ContainerAttributes } from "./spec.ts"

/** Sources that are not on the host, each where it is written. */
export function mountDiagnostics(resource: Resource, { absentSources }: HostFacts): Diagnostic[] {
  const { mounts } = resource.attributes as unknown as ContainerAttributes
  return Object.entries(mounts).flatMap(([target, mount]) => {
    if (mount.type !== "bind" || !absentSources.includes(mount.source)) return []
    const range = resource.range(`mounts.${target}`) ?? resource.range()
    return [
      error("no-source", `${mount.source}, which is to be mounted at ${target}, is not there`, {
        address: resource.address,
        hint: "make it first: nothing is made on the host; a path is taken from the folder of the file that names it",
        ...(range === undefined ? {} : { range }),
      }),
    ]
  })
}
