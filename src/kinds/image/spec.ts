import type { Address } from "../../base/address.ts"
import type { HealthcheckWords } from "../container/spec-health.ts"

/** An image, in canonical form; its name is where it comes from. */
export interface ImageAttributes {
  /** Of all that it is: of the manifest, of a docker archive's configuration, of the tar file. `sha256:…` */
  digest: string
}

/** Where an image comes from, as the file says it in canonical form. */
export type ImageSource =
  | { type: "tar"; path: string }
  | { type: "oci"; path: string; tag?: string }
  | { type: "docker-archive"; path: string; ref?: string }
  | { type: "debootstrap"; suite: string }
  | ({ type: "docker" } & RegistryRef)

/** One image of a registry: `digest` counts where both are there. */
export interface RegistryRef {
  /** Name and port. */
  registry: string
  repository: string
  tag?: string
  digest?: string
}

/** What an image says of how it is run: the defaults below the stack file's. OCI image-spec, config.md */
export interface ImageConfig {
  entrypoint?: string[]
  command?: string[]
  environment?: { [name: string]: string }
  user?: string
  working_dir?: string
  stop_signal?: string
  healthcheck?: HealthcheckWords
  /** Folders that its makers meant to be volumes. */
  volumes?: string[]
}

/** The program that answers for the names of a stack, and nothing else: of the containers that `resolver` of a bridge stands for. */
export const RESOLVER_IMAGE = "resolver"

const HEX = "[0-9a-f]{64}"
export const DIGEST = new RegExp(`^sha256:${HEX}$`)
const TAG = "[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}"
/** `image-name` of the distribution spec, with the registry before it. */
const REGISTRY = "(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[0-9a-f:]+\\])(?::[0-9]{1,5})?"
const PART = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*"
const DOCKER = new RegExp(`^(?:(${REGISTRY})/)?(${PART}(?:/${PART})*)(?::(${TAG}))?(?:@(sha256:${HEX}))?$`)

/** Kinds of images that are kept in the store. */
const KEPT = /^(tar|oci|docker-archive|docker|debootstrap):/

/** Whether it is unpacked into the store: `host` and `dir:` are used where they are. */
export function isKept(image: string): boolean {
  return KEPT.test(image)
}

/** Whether it may say itself what is run, and how. */
export function hasConfig(image: string): boolean {
  return /^(oci|docker-archive|docker):/.test(image)
}

/** What `image:` of a kept kind says, paths as written; undefined where it is of no such form. */
export function parseImage(image: string): ImageSource | undefined {
  const colon = image.indexOf(":")
  const [type, rest] = [image.slice(0, colon), image.slice(colon + 1)]
  if (rest === "") return undefined
  switch (type) {
    case "tar":
      return { type, path: rest }
    case "oci": {
      const match = new RegExp(`^(.+):(${TAG})$`).exec(rest)
      return match === null ? { type, path: rest } : { type, path: match[1] as string, tag: match[2] as string }
    }
    case "docker-archive": {
      const match = /^(.+?\.tar):([^/].*)$/.exec(rest)
      return match === null ? { type, path: rest } : { type, path: match[1] as string, ref: match[2] as string }
    }
    case "debootstrap":
      return /^[a-z][a-z0-9.-]{0,62}$/.test(rest) ? { type, suite: rest } : undefined
    case "docker":
      return rest.startsWith("//") ? registrySource(rest.slice(2)) : undefined
    default:
      return undefined
  }
}

/** Docker's own rules: a first part with a dot, a colon, or `localhost` is a registry; names without one are Docker Hub's. */
function registrySource(text: string): ImageSource | undefined {
  const match = DOCKER.exec(text)
  if (match === null) return undefined
  const [, first, path = "", tag, digest] = match
  const named = first !== undefined && (/[.:]/.test(first) || first === "localhost")
  const registry = named ? first : "docker.io"
  const whole = named || first === undefined ? path : `${first}/${path}`
  const repository = registry === "docker.io" && !whole.includes("/") ? `library/${whole}` : whole
  const version = tag === undefined && digest === undefined ? { tag: "latest" } : tag === undefined ? {} : { tag }
  return { type: "docker", registry, repository, ...version, ...(digest === undefined ? {} : { digest }) }
}

/** The image with another path; as it is where it has none. */
export function withAbsolutePath(image: string, absolute: (path: string) => string): string {
  if (image.startsWith("dir:")) return `dir:${absolute(image.slice("dir:".length))}`
  const source = parseImage(image)
  return source !== undefined && "path" in source ? imageText({ ...source, path: absolute(source.path) }) : image
}

/** One spelling of each source: what the resource is called. */
export function imageText(source: ImageSource): string {
  switch (source.type) {
    case "tar":
      return `tar:${source.path}`
    case "oci":
      return `oci:${source.path}${source.tag === undefined ? "" : `:${source.tag}`}`
    case "docker-archive":
      return `docker-archive:${source.path}${source.ref === undefined ? "" : `:${source.ref}`}`
    case "debootstrap":
      return `debootstrap:${source.suite}`
    case "docker": {
      const { registry, repository, tag, digest } = source
      return `docker://${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`
    }
  }
}

/** Behind a kept image's text, when it is known which one it is: `…#sha256:…`. */
const KNOWN = new RegExp(`^(.*)#(sha256:${HEX})$`, "s")

/** A container's `image` with the digest that was found. */
export function withDigest(image: string, digest: string): string {
  return `${image}#${digest}`
}

/** The two parts of a container's `image`; no digest where it is not known, or the image is not kept. */
export function splitImage(image: string): { source: string; digest?: string } {
  const match = KNOWN.exec(image)
  return match === null ? { source: image } : { source: match[1] as string, digest: match[2] as string }
}

/** Of the resource that a container's `image` hangs on. */
export function imageAddress(image: string): Address {
  return `image.${splitImage(image).source}`
}

/** What a container's attribute `image` may be once it is settled. */
export function isSettledImage(image: string, isFolder: (path: string) => boolean): boolean {
  if (image === "host" || image === RESOLVER_IMAGE) return true
  if (image.startsWith("dir:")) return isFolder(image.slice("dir:".length))
  const { source, digest } = splitImage(image)
  const parsed = parseImage(source)
  return digest !== undefined && isCanonical(source) && parsed !== undefined && (!("path" in parsed) || isFolder(parsed.path))
}

/** The name of an image resource. */
export function isCanonical(text: string): boolean {
  const source = parseImage(text)
  return source !== undefined && imageText(source) === text && (!("path" in source) || source.path.startsWith("/"))
}
