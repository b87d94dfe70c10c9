import type { Diagnostic } from "../base/diagnostic.ts"
import { DiagnosticError, error } from "../base/diagnostic.ts"
import type { Kernel } from "../kernel/kernel.ts"
import type { ContainerAttributes } from "../kinds/container/spec.ts"
import { hasHealthcheck, wholeHealthcheck } from "../kinds/container/spec-health.ts"
import type { ImageConfig } from "../kinds/image/spec.ts"
import { parseImage, withDigest } from "../kinds/image/spec.ts"
import type { Attributes, Desired, Resource } from "../model/resource.ts"
import { findImage } from "./find.ts"
import type { FoundImage } from "./found.ts"
import type { Environment } from "./registry-credentials.ts"
import { readImage, readRef } from "./store.ts"
import { unmountedVolumes } from "./volumes.ts"

/** What of an image is to be known before a plan: which one it is, and what it says of itself. */
type Known = Pick<FoundImage, "digest" | "config">

/**
 * The wanted state with its images known: the digest of each, and below what the file says what the image does. Looks at the images,
 * and changes nothing. What is to have an image of which something is wrong is as it was.
 */
export async function settleImages(kernel: Kernel, desired: Desired, environment: Environment): Promise<SettledImages> {
  const images = desired.resources.filter(({ kind, attributes }) => kind === "image" && attributes.digest === undefined)
  const known = new Map<string, Known>()
  const problems: Diagnostic[] = []
  for (const image of images) {
    try {
      known.set(image.name, await look(kernel, image, environment))
    } catch (failure) {
      if (!(failure instanceof DiagnosticError)) throw failure
      problems.push(...failure.diagnostics.map((one) => placed(one, image)))
    }
  }
  const resources = desired.resources.map((resource) => settled(resource, known, problems))
  problems.push(...unanswered(resources))
  const told = resources.flatMap((resource, i) => {
    const image = known.get(String(desired.resources[i]?.attributes.image))
    return resource.kind === "container" && image !== undefined ? unmountedVolumes(resource, image.config) : []
  })
  return { desired: { ...desired, resources }, told, problems }
}

export interface SettledImages {
  desired: Desired
  /** Warnings. */
  told: readonly Diagnostic[]
  /** Errors: all that is wrong with any image. */
  problems: readonly Diagnostic[]
}

/** One of a registry that is in the store is the one that is meant, until `stack image pull` looks again. */
async function look(kernel: Kernel, { name }: Resource, environment: Environment): Promise<Known> {
  const source = parseImage(name)
  if (source === undefined) throw new Error(`${name} is no image`)
  const ref = source.type === "docker" ? readRef(kernel, name) : undefined
  const kept = ref === undefined ? undefined : readImage(kernel, ref.digest)
  return kept ?? findImage(kernel, source, environment)
}

function placed(diagnostic: Diagnostic, { address, range }: Resource): Diagnostic {
  const where = range()
  return { ...diagnostic, address, ...(where === undefined ? {} : { range: where }) }
}

function settled(resource: Resource, known: ReadonlyMap<string, Known>, problems: Diagnostic[]): Resource {
  if (resource.kind === "image") {
    const image = known.get(resource.name)
    return image === undefined ? resource : { ...resource, attributes: { digest: image.digest } }
  }
  const attributes = resource.attributes as unknown as ContainerAttributes
  const image = resource.kind === "container" ? known.get(attributes.image) : undefined
  if (image === undefined) return resource
  const whole = completed(attributes, image)
  if (whole.argv.length === 0) problems.push(noCommand(resource))
  return { ...resource, attributes: whole as unknown as Attributes }
}

/** The image's words stand below the file's: an entrypoint of the file goes without the image's command. */
function completed({ of_file, ...attributes }: ContainerAttributes, { digest, config }: Known): ContainerAttributes {
  const image = withDigest(attributes.image, digest)
  if (of_file === undefined) return { ...attributes, image }
  return {
    ...attributes,
    image,
    argv: wordsOf(of_file, config),
    environment: sorted({ ...config.environment, ...attributes.environment }),
    working_dir: of_file.working_dir ? attributes.working_dir : (config.working_dir ?? attributes.working_dir),
    user: of_file.user ? attributes.user : userOf(config.user),
    healthcheck: wholeHealthcheck(of_file.healthcheck ?? {}, config.healthcheck),
    stop_signal: of_file.stop_signal ? attributes.stop_signal : (config.stop_signal ?? attributes.stop_signal),
  }
}

/** Who waits for the health of one whose image has no healthcheck either would wait for ever. */
function unanswered(resources: readonly Resource[]): Diagnostic[] {
  const checked = new Set(
    resources.filter(({ attributes }) => mayHaveHealthcheck(attributes as Partial<ContainerAttributes>)).map(({ address }) => address),
  )
  return resources.flatMap((resource) => {
    const { conditions = {} } = resource.attributes as Partial<ContainerAttributes>
    const wrong = Object.keys(conditions).filter((address) => conditions[address] === "service_healthy" && !checked.has(address))
    return wrong.map((address) => {
      const range = resource.range("depends_on") ?? resource.range()
      return error("no-healthcheck", `${resource.address} waits until ${address} is healthy, which has no healthcheck, nor has its image`, {
        address: resource.address,
        hint: `give ${address} a \`healthcheck\`, or wait for \`service_started\``,
        ...(range === undefined ? {} : { range }),
      })
    })
  })
}

/** Of one whose image is not known it cannot be told. */
function mayHaveHealthcheck({ healthcheck, of_file }: Partial<ContainerAttributes>): boolean {
  return of_file !== undefined || hasHealthcheck(healthcheck)
}

function wordsOf(of_file: NonNullable<ContainerAttributes["of_file"]>, { entrypoint = [], command = [] }: ImageConfig): string[] {
  if (of_file.entrypoint !== undefined) return [...of_file.entrypoint, ...(of_file.command ?? [])]
  return [...entrypoint, ...(of_file.command ?? command)]
}

/** What means root in every image is "", as of the file. */
function userOf(user: string | undefined): string {
  return user === undefined || user === "0" || user === "0:0" || user === "root" ? "" : user
}

function sorted(texts: { readonly [name: string]: string }): { [name: string]: string } {
  return Object.fromEntries(Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}

function noCommand(resource: Resource): Diagnostic {
  const range = resource.range("argv") ?? resource.range()
  return error("missing-key", `${resource.address} has no command, and its image names none`, {
    address: resource.address,
    hint: "say what it runs: `command: [sleep, infinity]`",
    ...(range === undefined ? {} : { range }),
  })
}
