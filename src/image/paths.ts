import { hash64 } from "../base/hash.ts"

/** What all stacks share, and no reboot takes away. Only root passes: set-user-id programs of images must not be run from outside. */
export const IMAGE_ROOT = "/var/lib/stack/images"

/** Each layer, unpacked, by the digest of its contents (`sha256-…`), and each root filesystem, by that of its archive (`root-…`). */
export const LAYERS = `${IMAGE_ROOT}/layers`
/** What an image consists of, by its digest. */
export const IMAGES = `${IMAGE_ROOT}/images`
/** Which image a source was when it was last looked at. */
export const REFS = `${IMAGE_ROOT}/refs`
/** What is being unpacked: whatever is there and nobody holds the lock was cut short. */
export const UNPACKING = `${IMAGE_ROOT}/unpacking`
/** What is being fetched from registries; an interrupted one goes on from where it was. */
export const DOWNLOADS = `${IMAGE_ROOT}/downloads`
export const LOCK = `${IMAGE_ROOT}/lock`

export function treeOf(layer: string): string {
  return `${LAYERS}/${layer}/tree`
}

/** What was noted of a layer when it was unpacked. */
export function layerNotesOf(layer: string): string {
  return `${LAYERS}/${layer}/notes.json`
}

export function imageFileOf(digest: string): string {
  return `${IMAGES}/${digest.replace(":", "-")}.json`
}

export function refFileOf(source: string): string {
  return `${REFS}/${hash64(source)}.json`
}
