import type { Kernel } from "../kernel/kernel.ts"
import type { ImageConfig } from "../kinds/image/spec.ts"
import { DIGEST } from "../kinds/image/spec.ts"
import { imageFileOf, imageStore, layerNotesOf, refFileOf, treeOf } from "./paths.ts"

/** An image in the store: its layers, the lowest first, and what it says of itself. */
export interface ImageRecord {
  version: 1
  digest: string
  layers: string[]
  config: ImageConfig
}

/** Which image a source was. */
export interface RefRecord {
  version: 1
  source: string
  digest: string
  /** Of a file: what tells whether it is still the same, without reading it. */
  fingerprint?: string
}

/** What was noted of a layer: numbers for people, and the folders through which nothing of lower layers shows. */
export interface LayerNotes {
  version: 1
  entries: number
  bytes: number
  devices: number
  opaque: string[]
}

type Reader = Pick<Kernel, "read" | "list" | "lstat">

/** Undefined where it is not there, not whole, or not ours to understand: then it is unpacked (again). */
export function readImage(kernel: Reader, digest: string): ImageRecord | undefined {
  if (!DIGEST.test(digest)) return undefined
  const record = parsed<ImageRecord>(kernel.read(imageFileOf(digest)))
  if (record?.digest !== digest || !Array.isArray(record.layers) || record.layers.length === 0) return undefined
  const whole = record.layers.every((layer) => /^(sha256|root)-[0-9a-f]{64}$/.test(layer) && hasLayer(kernel, layer))
  return whole ? record : undefined
}

export function hasLayer(kernel: Pick<Kernel, "lstat">, layer: string): boolean {
  return kernel.lstat(treeOf(layer))?.type === "folder"
}

export function readRef(kernel: Pick<Kernel, "read">, source: string): RefRecord | undefined {
  const ref = parsed<RefRecord>(kernel.read(refFileOf(source)))
  return ref?.source === source && DIGEST.test(ref.digest) ? ref : undefined
}

export function readNotes(kernel: Pick<Kernel, "read">, layer: string): LayerNotes | undefined {
  return parsed<LayerNotes>(kernel.read(layerNotesOf(layer)))
}

/** All that there are. */
export function readRefs(kernel: Reader): RefRecord[] {
  const refs = kernel.list(imageStore().refs).map((name) => parsed<RefRecord>(kernel.read(`${imageStore().refs}/${name}`)))
  return refs.filter((ref) => ref !== undefined && DIGEST.test(ref.digest)) as RefRecord[]
}

export function readImages(kernel: Reader): ImageRecord[] {
  const digests = kernel
    .list(imageStore().images)
    .flatMap((name) => /^(sha256)-([0-9a-f]{64})\.json$/.exec(name)?.slice(1, 3).join(":") ?? [])
  return digests.flatMap((digest) => readImage(kernel, digest) ?? [])
}

export function readLayers(kernel: Reader): string[] {
  return kernel.list(imageStore().layers)
}

function parsed<T extends { version: 1 }>(text: string | null): T | undefined {
  try {
    const value = JSON.parse(text ?? "null") as T | null
    return value?.version === 1 ? value : undefined
  } catch {
    return undefined
  }
}
