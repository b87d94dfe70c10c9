import type { Kernel } from "../kernel/kernel.ts"
import type { ImageConfig } from "../kinds/image/spec.ts"
import { withStore } from "./keep.ts"
import { imageFileOf, imageStore, refFileOf } from "./paths.ts"
import { readImages, readLayers, readNotes, readRefs } from "./store.ts"
import { imagesInUse } from "./use.ts"

/** An image of the store, for a person. */
export interface Kept {
  digest: string
  /** What it was brought as. */
  sources: string[]
  /** Containers, of any stack: `STACK container.NAME`. */
  used: string[]
  config: ImageConfig
  /** The lowest first. Bytes of its files; devices that were left out. */
  layers: { id: string; bytes: number; entries: number; devices: number }[]
  bytes: number
}

/** All of them, by their sources. */
export function keptImages(kernel: Kernel): Kept[] {
  const [refs, used] = [readRefs(kernel), imagesInUse(kernel)]
  const images = readImages(kernel).map(({ digest, config, layers }): Kept => {
    const parts = layers.map((id) => {
      const { bytes = 0, entries = 0, devices = 0 } = readNotes(kernel, id) ?? {}
      return { id, bytes, entries, devices }
    })
    const sources = refs.filter((ref) => ref.digest === digest).map(({ source }) => source)
    return {
      digest,
      sources: sources.sort(),
      used: used.get(digest) ?? [],
      config,
      layers: parts,
      bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    }
  })
  const name = ({ sources, digest }: Kept) => sources[0] ?? digest
  return images.sort((a, b) => (name(a) < name(b) ? -1 : 1))
}

/** By a source, or a digest or the beginning of one. */
export function named(images: readonly Kept[], name: string): Kept[] {
  const digest = name.replace(/^sha256:/, "")
  const isDigest = /^[0-9a-f]{6,64}$/.test(digest)
  return images.filter(({ sources, digest: own }) => sources.includes(name) || (isDigest && own.startsWith(`sha256:${digest}`)))
}

/** Takes images out of the store, and the layers that no other has. Says how many bytes of files are gone. */
export function removeImages(kernel: Kernel, images: readonly Kept[]): Promise<number> {
  return withStore(kernel, async () => {
    for (const { digest, sources } of images) {
      for (const source of sources) kernel.removeTree(refFileOf(source))
      kernel.removeTree(imageFileOf(digest))
    }
    return removeLayers(kernel)
  })
}

/** And what downloads that nobody went on with have left. */
export async function prune(kernel: Kernel): Promise<{ images: Kept[]; bytes: number }> {
  const { root, downloads } = imageStore()
  if (kernel.list(root).length === 0) return { images: [], bytes: 0 }
  const images = keptImages(kernel).filter(({ used }) => used.length === 0)
  const bytes = await removeImages(kernel, images)
  for (const name of kernel.list(downloads)) kernel.removeTree(`${downloads}/${name}`)
  return { images, bytes }
}

function removeLayers(kernel: Kernel): number {
  const wanted = new Set(readImages(kernel).flatMap(({ layers }) => layers))
  let bytes = 0
  for (const layer of readLayers(kernel)) {
    if (wanted.has(layer)) continue
    bytes += readNotes(kernel, layer)?.bytes ?? 0
    kernel.removeTree(`${imageStore().layers}/${layer}`)
  }
  return bytes
}
