import type { Diagnostic } from "../../base/diagnostic.ts"
import { error } from "../../base/diagnostic.ts"
import type { HostFacts, Resource } from "../../model/resource.ts"
import { limitDiagnostics } from "../cgroup/limits.ts"

/** What this host lacks for a container: told before anything is done, least of all to the one it would replace. */
export function containerProblems(resource: Resource, host: HostFacts): Diagnostic[] {
  return [...imageDiagnostics(resource, host), ...userDiagnostics(resource, host), ...limitDiagnostics(resource, host)]
}

function imageDiagnostics(resource: Resource, { absentImages }: HostFacts): Diagnostic[] {
  const { image } = resource.attributes
  if (typeof image !== "string" || !absentImages.includes(image)) return []
  const range = resource.range("image") ?? resource.range()
  return [
    error("no-image", `image ${image} is not there, or is no folder`, {
      address: resource.address,
      hint: "name a folder that holds a root filesystem; a path is taken from the stack file's folder",
      ...(range === undefined ? {} : { range }),
    }),
  ]
}

function userDiagnostics(resource: Resource, { unknownUsers }: HostFacts): Diagnostic[] {
  const { image, user } = resource.attributes
  const range = resource.range("user") ?? resource.range()
  return unknownUsers
    .filter((unknown) => unknown.image === image && unknown.user === user)
    .flatMap(({ diagnostics }) => diagnostics)
    .map((diagnostic) => ({ ...diagnostic, address: resource.address, ...(range === undefined ? {} : { range }) }))
}
