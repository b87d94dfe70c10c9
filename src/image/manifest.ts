import { signalName, signalNumber } from "../base/signal.ts"
import type { HealthcheckWords } from "../kinds/container/spec-health.ts"
import type { ImageConfig } from "../kinds/image/spec.ts"
import { DIGEST } from "../kinds/image/spec.ts"
import { imageError } from "./found.ts"
import type { Json } from "./json.ts"
import { isMap, texts } from "./json.ts"

/** OCI image-spec, descriptor.md */
export interface Descriptor {
  mediaType: string
  digest: string
  size: number
  platform?: { os?: unknown; architecture?: unknown; variant?: unknown }
  annotations?: Json
}

/** Media types of one image, and of a list of images; Docker's and OCI's come to the same. */
export const MANIFESTS = ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"]
export const INDEXES = ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"]

export function descriptor(value: unknown, what: string): Descriptor {
  const { digest, size, mediaType } = isMap(value) ? value : ({} as Json)
  if (typeof digest !== "string" || !DIGEST.test(digest)) throw imageError("bad-image", `${what} has no sha256 digest`)
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw imageError("bad-image", `${what} has no size`)
  return { ...(value as Descriptor), digest, size, mediaType: typeof mediaType === "string" ? mediaType : "" }
}

/** Whether a document is a list of images. Old ones do not say what they are. */
export function isIndex(document: Json): boolean {
  return typeof document.mediaType === "string" && document.mediaType !== ""
    ? INDEXES.includes(document.mediaType)
    : Array.isArray(document.manifests)
}

export function descriptorsOf(index: Json, what: string): Descriptor[] {
  if (!Array.isArray(index.manifests)) throw imageError("bad-image", `${what} has no list of manifests`)
  return index.manifests.map((one, i) => descriptor(one, `manifest ${i + 1} of ${what}`))
}

/** Go's names, which images are called by, for Node's. */
const ARCHITECTURES: { readonly [arch: string]: string } = { x64: "amd64", ia32: "386", ppc64: "ppc64le", mipsel: "mipsle" }

/** The one for this machine. */
export function chosen(manifests: readonly Descriptor[], arch: string, what: string): Descriptor {
  const wanted = ARCHITECTURES[arch] ?? arch
  const fits = manifests.filter(({ platform }) => platform?.os === "linux" && platform.architecture === wanted)
  // An image of one platform need not say which.
  const [only] = manifests.length === 1 && manifests[0]?.platform === undefined ? manifests : fits
  if (only !== undefined) return only
  const there = manifests.map(({ platform }) => `${platform?.os}/${platform?.architecture}`).filter((one) => one !== "unknown/unknown")
  throw imageError("no-image", `${what} has no image for linux/${wanted}`, {
    detail: there.length === 0 ? "it is empty" : `it has ${[...new Set(there)].join(", ")}`,
  })
}

/** A manifest's parts. */
export function partsOf(manifest: Json, what: string): { config: Descriptor; layers: Descriptor[] } {
  if (manifest.schemaVersion === 1) throw imageError("bad-image", `${what} has a manifest of schema 1, which nobody should use any more`)
  if (!Array.isArray(manifest.layers)) throw imageError("bad-image", `${what} is no manifest of an image`)
  const layers = manifest.layers.map((layer, i) => descriptor(layer, `layer ${i + 1} of ${what}`))
  const foreign = layers.find(({ mediaType }) => /foreign|nondistributable/.test(mediaType))
  if (foreign !== undefined) throw imageError("bad-image", `${what} has a layer that its registry may not hand out (${foreign.mediaType})`)
  return { config: descriptor(manifest.config, `the configuration of ${what}`), layers }
}

/** Digests of the layers' contents, the lowest first. */
export function diffIds(config: Json, count: number, what: string): string[] {
  const ids = texts(isMap(config.rootfs) ? config.rootfs.diff_ids : undefined)
  if (ids === undefined || ids.some((id) => !DIGEST.test(id))) throw imageError("bad-image", `${what} does not say what its layers hold`)
  if (ids.length !== count) throw imageError("bad-image", `${what} has ${count} layers, and says what ${ids.length} hold`)
  if (count === 0) throw imageError("bad-image", `${what} has no layers`)
  if (count > MOST_LAYERS) throw imageError("bad-image", `${what} has ${count} layers; overlayfs takes up to ${MOST_LAYERS} here`)
  return ids
}

/** Options of a mount fit on one page: mount(2). */
const MOST_LAYERS = 160

/** What it says of how it is run. OCI image-spec, config.md */
export function imageConfig(document: Json, what: string): ImageConfig {
  const config = isMap(document.config) ? document.config : {}
  if (holdsNul(config)) throw imageError("bad-image", `${what} has a NUL in what it says of how it is run, which no program can be given`)
  const list = (key: string) => {
    const value = texts(config[key])
    return value === undefined || value.length === 0 ? undefined : value
  }
  const text = (key: string) => (typeof config[key] === "string" && config[key] !== "" ? (config[key] as string) : undefined)
  const user = text("User")
  if (user !== undefined && !/^[^:\s]+(:[^:\s]+)?$/.test(user))
    throw imageError("bad-image", `${what} names a user that cannot be one: ${user}`)
  const folder = text("WorkingDir")
  const found: { [K in keyof ImageConfig]: ImageConfig[K] | undefined } = {
    entrypoint: list("Entrypoint"),
    command: list("Cmd"),
    environment: environment(list("Env") ?? []),
    user,
    working_dir:
      folder === undefined
        ? undefined
        : `/${folder
            .split("/")
            .filter((part) => part !== "" && part !== ".")
            .join("/")}`,
    stop_signal: signal(text("StopSignal"), what),
    healthcheck: healthcheck(config.Healthcheck),
    volumes: isMap(config.Volumes) && Object.keys(config.Volumes).length > 0 ? Object.keys(config.Volumes).sort() : undefined,
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as ImageConfig
}

function holdsNul(value: unknown): boolean {
  if (typeof value === "string") return value.includes("\0")
  return typeof value === "object" && value !== null && Object.entries(value).some((entry) => entry.some(holdsNul))
}

/** By the name that the kernel's header has for it. */
function signal(written: string | undefined, what: string): string | undefined {
  const number = written === undefined ? undefined : signalNumber(written)
  if (written !== undefined && number === undefined) throw imageError("bad-image", `${what} names a signal that is none: ${written}`)
  return number === undefined ? undefined : signalName(number)
}

/** Docker's, in nanoseconds, 0 for its default. OCI's specification has none: what is no such thing is passed over. */
function healthcheck(written: unknown): HealthcheckWords | undefined {
  if (!isMap(written)) return undefined
  const test = texts(written.Test)
  const time = (name: string, key: string) => {
    const ms = typeof written[key] === "number" ? Math.round((written[key] as number) / 1e6) : 0
    return ms < 1 || ms > 86_400_000 ? {} : { [name]: ms }
  }
  const { Retries } = written
  const retries = Number.isSafeInteger(Retries) && (Retries as number) > 0 ? { retries: Retries as number } : {}
  const isTest = test !== undefined && (test[0] === "NONE" || (test.length > 1 && (test[0] === "CMD" || test[0] === "CMD-SHELL")))
  return {
    ...(isTest ? { test } : {}),
    ...{ ...time("interval", "Interval"), ...time("timeout", "Timeout"), ...retries },
    ...{ ...time("start_period", "StartPeriod"), ...time("start_interval", "StartInterval") },
  }
}

/** `NAME=value`; what is no such thing no program could read. */
function environment(lines: readonly string[]): ImageConfig["environment"] {
  const pairs = lines.flatMap((line) => {
    const match = /^([^=\s]+)=([\s\S]*)$/.exec(line)
    return match === null ? [] : [[match[1] as string, match[2] as string] as const]
  })
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs)
}
