import type { Diagnostic } from "../../base/diagnostic.ts"
import { error } from "../../base/diagnostic.ts"
import type { HostFacts, Resource } from "../../model/resource.ts"
import type { ContainerAttributes } from "./spec.ts"

/** Sources that are not on the host, each where it is written. */
export function mountDiagnostics(resource: Resource, { absentSources }: HostFacts): Diagnostic[] {
  if (absentSources.length === 0) return []
  const { mounts, secrets, configs } = resource.attributes as unknown as ContainerAttributes
  const binds = Object.entries(mounts).map(([target, mount]) => ({
    field: "mounts",
    target,
    source: mount.type === "bind" ? mount.source : "",
  }))
  const files = Object.entries({ secrets, configs }).flatMap(([field, givens]) =>
    Object.entries(givens).map(([target, { file = "" }]) => ({ field, target, source: file })),
  )
  return [...binds, ...files].flatMap(({ field, target, source }) => {
    if (!absentSources.includes(source)) return []
    const range = resource.range(`${field}.${target}`) ?? resource.range()
    const what = field === "mounts" ? "is not there" : "is not there, or no file"
    return [
      error("no-source", `${source}, which is to be mounted at ${target}, ${what}`, {
        address: resource.address,
        hint: "make it first: nothing is made on the host; a path is taken from the folder of the file that names it",
        ...(range === undefined ? {} : { range }),
      }),
    ]
  })
}
