import type { Kernel } from "../kernel/kernel.ts"
import type { ImageSource } from "../kinds/image/spec.ts"
import { parseImage } from "../kinds/image/spec.ts"
import { makeTemplate } from "./debootstrap.ts"
import { findImage, registryOf } from "./find.ts"
import { imageError } from "./found.ts"
import type { Fetched, Means, Progress } from "./keep.ts"
import { keepImage, keepRef, withStore } from "./keep.ts"
import type { Environment } from "./registry-credentials.ts"
import { fetchLayer } from "./registry-source.ts"
import { readImage } from "./store.ts"

/** Brings an image into the store: the one of that digest, whatever its source holds by now. */
export function bringImage(kernel: Kernel, name: string, digest: string, environment: Environment, onProgress: Progress): Promise<void> {
  const source = parseImage(name)
  if (source === undefined) throw new Error(`${name} is no image`)
  return withStore(kernel, async () => {
    // Another stack may have brought it meanwhile, or it was there under another name.
    if (readImage(kernel, digest) !== undefined && source.type !== "tar") return keepRef(kernel, { version: 1, source: name, digest })
    // Of a registry the one of the plan, whatever the tag is by now.
    const found = await findImage(kernel, source.type === "docker" ? { ...source, digest } : source, environment)
    if (found.digest !== digest) return kept(kernel, name, digest, found.digest)
    await keepImage(kernel, name, found, meansOf(kernel, source, environment), onProgress)
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
function meansOf(kernel: Kernel, source: ImageSource, environment: Environment): Means {
  const client = source.type === "docker" ? registryOf(kernel, source, environment) : undefined
  return {
    fetch: async (layer, onProgress): Promise<Fetched> => {
      if ("path" in layer.from) return { ...layer.from, done: () => {} }
      if (client === undefined) throw new Error("a layer without a file")
      return fetchLayer(kernel, client, layer, onProgress)
    },
    make: (recipe, tree) => makeTemplate(kernel, recipe, tree, environment),
  }
}
