import type { Diagnostic } from "../../base/diagnostic.ts"
import { error } from "../../base/diagnostic.ts"
import type { HostFacts, Resource } from "../../model/resource.ts"
import type { ContainerAttributes } from "./spec.ts"
import type { TargetFault } from "./spec-mounts.ts"

/** What this host, and the image, make of what is to be mounted: each where it is written. */
export function mountDiagnostics(resource: Resource, host: HostFacts): Diagnostic[] {
  const faults = host.targetFaults?.[resource.address] ?? []
  return [...absentSources(resource, host), ...faults.map((fault) => targetDiagnostic(fault, resource))]
}

function absentSources(resource: Resource, { absentSources: absent }: HostFacts): Diagnostic[] {
  if (absent.length === 0) return []
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
    if (!absent.includes(source)) return []
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

/** `resource`: whose targets they are, where it is known how they are written. */
export function targetDiagnostic(fault: TargetFault, resource?: Resource): Diagnostic {
  const { field, later } = fault
  const range = resource?.range(`${field}.${later.target}`) ?? resource?.range()
  const places = "earlier" in fault ? [fault.earlier, later] : [later]
  const led = places.filter(({ target, place }) => target !== place)
  const rest = {
    ...(led.length === 0 ? {} : { detail: led.map(({ target, place }) => `a symbolic link leads from ${target} to ${place}`).join("\n") }),
    ...(resource === undefined ? {} : { address: resource.address }),
    ...(range === undefined ? {} : { range }),
  }
  if ("there" in fault) return ofAnotherSort(fault.there, later, rest)
  if ("closed" in fault) return inClosedFolder(fault.closed, later, rest)
  const { earlier } = fault
  if (earlier.place === later.place) {
    const summary = `two mounts at ${later.place}: ${earlier.target} and ${later.target} are one place`
    return error("duplicate-target", summary, { ...rest, hint: "give one of them another target, or take it out" })
  }
  return error("duplicate-target", `the mount at ${later.target} would hide that at ${earlier.target}`, {
    ...rest,
    hint: `write where it lies, not the link: ${earlier.place}; what lies deeper is mounted later`,
  })
}

function ofAnotherSort(there: "file" | "folder", { target, place }: TargetFault["later"], rest: Partial<Diagnostic>): Diagnostic {
  if (there === "folder") {
    const hint = `name the file: ${place === "/" ? "" : place}/NAME`
    return error("bad-target", `a file is to be mounted at ${target}, which is a folder in the image`, { ...rest, hint })
  }
  const hint = "a folder is mounted on a folder, a file on a file: name a folder, or mount a file"
  return error("bad-target", `a folder is to be mounted at ${target}, which is a file in the image`, { ...rest, hint })
}

function inClosedFolder(folder: string, { target, place }: TargetFault["later"], rest: Partial<Diagnostic>): Diagnostic {
  const top = `/${place.split("/")[1]}`
  const hint = `choose a target right in ${top}, or in /srv, /run and the like; or cover the folder, and all that is in it, with a mount of its own (\`tmpfs: [${folder}]\`), or make ${place} on the host`
  return error("bad-target", `nothing is at ${target} on the host, and in ${folder}, the host's, the container's root may make nothing`, {
    ...rest,
    hint,
  })
}
