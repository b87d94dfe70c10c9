import type { Kernel } from "../kernel/kernel.ts"
import type { FoundImage, LayerSource } from "./found.ts"
import { imageError } from "./found.ts"
import type { Json } from "./json.ts"
import { MOST_JSON, parseJson, requireDigest } from "./json.ts"
import type { Descriptor } from "./manifest.ts"
import { chosen, descriptorsOf, diffIds, imageConfig, isIndex, partsOf } from "./manifest.ts"

type Reader = Pick<Kernel, "readBytes" | "stat">

const TAG = "org.opencontainers.image.ref.name"

/** An image of an OCI image layout: index, manifest, configuration; layers are only named. OCI image-spec, image-layout.md */
export function findInLayout(kernel: Reader, folder: string, tag: string | undefined, arch: string): FoundImage {
  const index = parseJson(readFile(kernel, `${folder}/index.json`, folder), `${folder}/index.json`)
  let found = tagged(descriptorsOf(index, `${folder}/index.json`), tag, folder)
  let manifest = readBlob(kernel, folder, found)
  for (let depth = 0; isIndex(manifest) && depth < 4; depth++) {
    found = chosen(descriptorsOf(manifest, found.digest), arch, `oci:${folder}`)
    manifest = readBlob(kernel, folder, found)
  }
  const what = `${folder}: ${found.digest}`
  const { config, layers } = partsOf(manifest, what)
  const document = readBlob(kernel, folder, config)
  const ids = diffIds(document, layers.length, what)
  return {
    digest: found.digest,
    config: imageConfig(document, what),
    layers: layers.map((layer, i) => layerSource(layer, ids[i] as string, { path: blobPath(folder, layer.digest) })),
  }
}

export function layerSource(layer: Descriptor, diffId: string, from: LayerSource["from"]): LayerSource {
  const contents = diffId.slice("sha256:".length)
  return {
    id: `sha256-${contents}`,
    form: "layer",
    expected: { archive: layer.digest.slice("sha256:".length), contents },
    size: layer.size,
    from,
  }
}

/** Several with one tag are of several platforms, or the later ones newer. */
function tagged(manifests: readonly Descriptor[], tag: string | undefined, folder: string): Descriptor {
  const tags = manifests.flatMap(({ annotations }) => (typeof annotations?.[TAG] === "string" ? [annotations[TAG]] : []))
  const there = tags.length === 0 ? "none of its images has a tag" : `it has ${tags.join(", ")}`
  if (tag === undefined) {
    const [only] = manifests
    if (only === undefined) throw imageError("no-image", `the layout ${folder} is empty`)
    if (manifests.length > 1)
      throw imageError("no-image", `the layout ${folder} has several images`, { detail: there, hint: "name one: oci:PATH:TAG" })
    return only
  }
  const found = manifests.filter(({ annotations }) => annotations?.[TAG] === tag).at(-1)
  if (found === undefined) throw imageError("no-image", `the layout ${folder} has no image with the tag ${tag}`, { detail: there })
  return found
}

function blobPath(folder: string, digest: string): string {
  return `${folder}/blobs/${digest.replace(":", "/")}`
}

function readBlob(kernel: Reader, folder: string, { digest }: Descriptor): Json {
  const path = blobPath(folder, digest)
  const bytes = readFile(kernel, path, folder)
  requireDigest(bytes, digest, path)
  return parseJson(bytes, path)
}

function readFile(kernel: Reader, path: string, folder: string): Uint8Array {
  // A FIFO would never be read to its end.
  const bytes = kernel.stat(path)?.type === "file" ? kernel.readBytes(path, 0, MOST_JSON + 1) : null
  if (bytes !== null) return bytes
  throw imageError("no-image", `${folder} is no OCI image layout`, {
    detail: `${path} is not there`,
    hint: "name a folder that holds index.json and blobs/",
  })
}
