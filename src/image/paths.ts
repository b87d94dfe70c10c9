import { hash64 } from "../base/hash.ts"
import { KEPT_ROOT } from "../model/ownership.ts"

/** The folders of the store. */
export interface ImageStore {
  /** What all stacks share, and no reboot takes away. Only its owner passes: set-user-id programs of images must not be run from outside. */
  root: string
  /** Each layer, unpacked, by the digest of its contents (`sha256-…`), and each root filesystem, by that of its archive (`root-…`). */
  layers: string
  /** What an image consists of, by its digest. */
  images: string
  /** Which image a source was when it was last looked at. */
  refs: string
  /** What is being unpacked: whatever is there and nobody holds the lock was cut short. */
  unpacking: string
  /** What is being fetched from registries; an interrupted one goes on from where it was. */
  downloads: string
  lock: string
}

/** Root's, or that of the ordinary user whose stacks these are. */
export function imageStore(): ImageStore {
  const root = `${KEPT_ROOT}/images`
  const [layers, images, refs] = [`${root}/layers`, `${root}/images`, `${root}/refs`]
  return { root, layers, images, refs, unpacking: `${root}/unpacking`, downloads: `${root}/downloads`, lock: `${root}/lock` }
}

export function treeOf(layer: string): string {
  return `${imageStore().layers}/${layer}/tree`
}

/** What was noted of a layer when it was unpacked. */
export function layerNotesOf(layer: string): string {
  return `${imageStore().layers}/${layer}/notes.json`
}

export function imageFileOf(digest: string): string {
  return `${imageStore().images}/${digest.replace(":", "-")}.json`
}

export function refFileOf(source: string): string {
  return `${imageStore().refs}/${hash64(source)}.json`
}
