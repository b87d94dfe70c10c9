import { DiagnosticError, error } from "../../base/diagnostic.ts"
import { treeOf } from "../../image/paths.ts"
import { readImage, readNotes } from "../../image/store.ts"
import { nativeFolder } from "../../kernel/ffi.ts"
import type { Kernel } from "../../kernel/kernel.ts"
import { RESOLVER_IMAGE, splitImage } from "../image/spec.ts"

/** One folder of those that lie over each other and are a root filesystem together. */
export interface ImageTop {
  /** `/` for `host`. */
  path: string
  /** Folders in it through which nothing of lower ones shows. */
  opaque: ReadonlySet<string>
}

const NOTHING: ReadonlySet<string> = new Set()

/** The highest first; undefined where a kept image is not in the store, or it is not known yet which one it is. */
export function imageTops(kernel: Kernel, image: string): readonly ImageTop[] | undefined {
  if (image === "host") return [{ path: "/", opaque: NOTHING }]
  if (image === RESOLVER_IMAGE) return [{ path: `${nativeFolder()}/resolver`, opaque: NOTHING }]
  if (image.startsWith("dir:")) return [{ path: image.slice("dir:".length), opaque: NOTHING }]
  const { digest } = splitImage(image)
  const record = digest === undefined ? undefined : readImage(kernel, digest)
  return record?.layers
    .map((layer) => ({ path: treeOf(layer), opaque: record.layers.length === 1 ? NOTHING : new Set(readNotes(kernel, layer)?.opaque) }))
    .reverse()
}

/** The same of one that must be there. */
export function requiredTops(kernel: Kernel, image: string): readonly ImageTop[] {
  const tops = imageTops(kernel, image)
  if (tops !== undefined) return tops
  throw new DiagnosticError(
    error("no-image", `image ${splitImage(image).source} is not in the store any more`, {
      hint: "`stack apply` brings it back: what runs of it goes on without",
    }),
  )
}
