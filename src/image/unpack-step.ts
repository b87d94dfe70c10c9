import type { Kernel } from "../kernel/kernel.ts"
import type { ImageSource } from "../kinds/image/spec.ts"
import { parseImage } from "../kinds/image/spec.ts"
import { findImage } from "./find.ts"
import { imageError } from "./found.ts"
import type { Fetched, Progress } from "./keep.ts"
import { keepImage, keepRef, withStore } from "./keep.ts"
import { readImage } from "./store.ts"

/** Brings an image into the store: the one of that digest, whatever its source holds by now. */
export function bringImage(kernel: Kernel, name: string, digest: string, onProgress: Progress): Promise<void> {
  const source = parseImage(name)
  if (source === undefined) throw new Error(`${name} is no image`)
  return withStore(kernel, async () => {
    // Another stack may have brought it meanwhile, or it was there under another name.
    if (readImage(kernel, digest) !== undefined && source.type !== "tar") return keepRef(kernel, { version: 1, source: name, digest })
    const found = await findImage(kernel, source)
    if (found.digest !== digest) return kept(kernel, name, digest, found.digest)
    await keepImage(kernel, name, found, fetcher(source), onProgress)
  })
}

/** Only to go back to one that is still there. */
function kept(kernel: Kernel, source: string, digest: string, other: string): void {
  if (readImage(kernel, digest) !== undefined) {
    keepRef(kernel, { version: 1, source, digest })
    return
  }
  throw imageError("bad-image", `image ${source} was changed since the plan was made`, {
    detail: `planned was ${digest}\nnow it is ${other}`,
    hint: "plan again",
  })
}

/** A file is where it is. */
function fetcher(_source: ImageSource): Parameters<typeof keepImage>[3] {
  return ({ from }) => {
    if (!("path" in from)) throw new Error("a layer without a file")
    const fetched: Fetched = { ...from, done: () => {} }
    return Promise.resolve(fetched)
  }
}
