import { setTimeout as pause } from "node:timers/promises"
import { DiagnosticError } from "../base/diagnostic.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { KernelError } from "../kernel/kernel.ts"
import type { RegistryRef } from "../kinds/image/spec.ts"
import type { FoundImage, LayerSource } from "./found.ts"
import { imageError } from "./found.ts"
import type { Json } from "./json.ts"
import { parseJson, requireDigest, sha256Of } from "./json.ts"
import type { Fetched } from "./keep.ts"
import { layerSource } from "./layout-source.ts"
import { chosen, descriptorsOf, diffIds, INDEXES, imageConfig, isIndex, MANIFESTS, partsOf } from "./manifest.ts"
import { imageStore } from "./paths.ts"
import type { RegistryClient } from "./registry-client.ts"
import { bodyOf, smallBody, TooLong, unreachable } from "./registry-client.ts"

const ACCEPT = [...MANIFESTS, ...INDEXES].join(", ")

/** An image of a registry: manifest and configuration are fetched, layers are only named. OCI distribution-spec, "Pull" */
export async function findInRegistry(client: RegistryClient, { tag, digest }: RegistryRef, arch: string): Promise<FoundImage> {
  const { name } = client
  let found = await manifest(client, digest ?? tag ?? "latest")
  for (let depth = 0; isIndex(found.document) && depth < 4; depth++)
    found = await manifest(client, chosen(descriptorsOf(found.document, name), arch, name).digest)
  const what = `${name}@${found.digest}`
  const { config, layers } = partsOf(found.document, what)
  const bytes = await smallBody(client, await client.get(`blobs/${config.digest}`, {}), `the configuration of ${what}`)
  requireDigest(bytes, config.digest, `the configuration of ${what}`)
  const document = parseJson(bytes, `the configuration of ${what}`)
  const ids = diffIds(document, layers.length, what)
  return {
    digest: found.digest,
    config: imageConfig(document, what),
    layers: layers.map((layer, i) => layerSource(layer, ids[i] as string, { digest: layer.digest })),
  }
}

async function manifest(client: RegistryClient, ref: string): Promise<{ document: Json; digest: string }> {
  const what = `the manifest of ${client.name}:${ref}`
  const response = await client.get(`manifests/${ref}`, { accept: ACCEPT })
  const bytes = await smallBody(client, response, what)
  const digest = sha256Of(bytes)
  const said = ref.startsWith("sha256:") ? ref : (response.headers.get("docker-content-digest") ?? digest)
  if (said.startsWith("sha256:")) requireDigest(bytes, said, what)
  return { document: parseJson(bytes, what), digest }
}

/**
 * Fetches a layer into a file of the store. What an interrupted fetch has left there is gone on with; it is looked at when it is unpacked,
 * and of another digest is thrown away.
 */
export async function fetchLayer(
  kernel: Kernel,
  client: RegistryClient,
  layer: LayerSource,
  onProgress: (bytes: number) => void,
): Promise<Fetched> {
  const { digest } = layer.from as { digest: string }
  const path = `${imageStore().downloads}/${digest.replace(":", "-")}`
  let had = kernel.fingerprint(path)?.size ?? 0
  if (had > layer.size) had = startAgain(kernel, path)
  onProgress(had)
  for (let failures = 0; had < layer.size; ) {
    const before = had
    const failure = await received(kernel, client, { digest, path, from: had, size: layer.size }, onProgress)
    had = kernel.fingerprint(path)?.size ?? 0
    if (had >= layer.size) break
    failures = had > before ? 1 : failures + 1
    if (failures >= client.patience.attempts)
      throw failure === undefined ? tooShort(client, digest, had, layer.size) : unreachable(client.name, failure)
    await pause(client.patience.pauseMs * 2 ** failures)
  }
  return { path, done: () => kernel.removeTree(path) }
}

/** What of the network came in between; undefined where the registry has ended by itself. */
async function received(kernel: Kernel, client: RegistryClient, wanted: Wanted, onProgress: (bytes: number) => void): Promise<unknown> {
  try {
    await receive(kernel, client, wanted, onProgress)
    return undefined
  } catch (failure) {
    if (failure instanceof TooLong) throw tooLong(kernel, wanted.path, client, wanted.digest)
    if (failure instanceof DiagnosticError || failure instanceof KernelError) throw failure
    return failure
  }
}

interface Wanted {
  digest: string
  path: string
  from: number
  size: number
}

/** 200 in place of 206: the registry gives no parts, so it is all of it again. RFC 9110, 14.2 */
async function receive(
  kernel: Kernel,
  client: RegistryClient,
  { digest, path, from, size }: Wanted,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const headers: { [name: string]: string } = from === 0 ? {} : { range: `bytes=${from}-` }
  const response = await client.get(`blobs/${digest}`, headers)
  const goesOn = response.status === 206 && (response.headers.get("content-range") ?? "").startsWith(`bytes ${from}-`)
  if (from > 0 && !goesOn) {
    startAgain(kernel, path)
    onProgress(-from)
  }
  const counted = async function* () {
    for await (const piece of bodyOf(response, size - (goesOn ? from : 0), client.patience)) {
      onProgress(piece.length)
      yield piece
    }
  }
  await kernel.append(path, counted())
}

function startAgain(kernel: Kernel, path: string): 0 {
  kernel.removeTree(path)
  return 0
}

function tooLong(kernel: Kernel, path: string, { name }: RegistryClient, digest: string): DiagnosticError {
  startAgain(kernel, path)
  return imageError("bad-image", `the registry gives more of ${name} than it says`, { detail: digest })
}

function tooShort({ name }: RegistryClient, digest: string, had: number, size: number): DiagnosticError {
  return imageError("bad-image", `the registry gives less of ${name} than it says`, { detail: `${digest}: ${had} of ${size} bytes` })
}
