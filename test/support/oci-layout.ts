import { createHash } from "node:crypto"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
import type { TarEntry } from "./tar-bytes.ts"
import { tarBytes } from "./tar-bytes.ts"

export interface Blob {
  mediaType: string
  digest: string
  size: number
  bytes: Buffer
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`
}

export function blob(mediaType: string, bytes: Buffer): Blob {
  return { mediaType, digest: sha256(bytes), size: bytes.length, bytes }
}

export const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
export const MANIFEST = "application/vnd.oci.image.manifest.v1+json"
export const INDEX = "application/vnd.oci.image.index.v1+json"
const CONFIG = "application/vnd.oci.image.config.v1+json"

const named = ({ mediaType, digest, size }: Blob) => ({ mediaType, digest, size })
const json = (mediaType: string, value: unknown) => blob(mediaType, Buffer.from(JSON.stringify(value)))

/** An image of these layers, as blobs; the manifest is the last. `config`: what it says of how it is run. */
export function imageOf(layers: readonly Buffer[], config: object = {}, architecture = "amd64"): { manifest: Blob; blobs: Blob[] } {
  const packed = layers.map((layer) => blob(LAYER, gzipSync(layer, { level: 1 })))
  const settings = json(CONFIG, { architecture, os: "linux", config, rootfs: { type: "layers", diff_ids: layers.map(sha256) } })
  const manifest = json(MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, config: named(settings), layers: packed.map(named) })
  return { manifest, blobs: [...packed, settings, manifest] }
}

/** A list of images by platform. */
export function indexOf(images: readonly { manifest: Blob; architecture: string }[]): Blob {
  const manifests = images.map(({ manifest, architecture }) => ({ ...named(manifest), platform: { os: "linux", architecture } }))
  return json(INDEX, { schemaVersion: 2, mediaType: INDEX, manifests })
}

/** Writes a layout, or adds to one. */
export function writeLayout(folder: string, blobs: readonly Blob[], tags: { readonly [tag: string]: Blob }): void {
  mkdirSync(`${folder}/blobs/sha256`, { recursive: true })
  writeFileSync(`${folder}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}')
  for (const { digest, bytes } of blobs) writeFileSync(`${folder}/blobs/${digest.replace(":", "/")}`, bytes)
  const manifests = Object.entries(tags).map(([tag, one]) => ({ ...named(one), annotations: { "org.opencontainers.image.ref.name": tag } }))
  writeFileSync(`${folder}/index.json`, JSON.stringify({ schemaVersion: 2, manifests }))
}

const APPLETS = ["sh", "sleep", "cat", "id", "ls", "touch", "true", "env", "pwd", "find"]
const folder = (name: string): TarEntry => ({ name, type: "5", mode: 0o755 })

/** The lowest layer: busybox, passwd, and some files for others to hide. */
export function baseLayer(mark = "base\n"): Buffer {
  return tarBytes([
    ...["./", "bin/", "etc/", "proc/", "sys/", "dev/", "tmp/", "home/", "data/", "data/deep/", "gone/"].map(folder),
    { name: "bin/busybox", mode: 0o755, body: readFileSync("/bin/busybox") },
    ...APPLETS.map((name): TarEntry => ({ name: `bin/${name}`, type: "2", link: "busybox" })),
    { name: "etc/passwd", body: "root:x:0:0::/:/bin/sh\nalice:x:1001:1002::/home:/bin/sh\n" },
    { name: "etc/mark", body: mark },
    ...["data/one", "data/two", "data/deep/three", "gone/four"].map((name): TarEntry => ({ name, body: name })),
  ])
}

/** What lies over it. */
export function layer(...entries: TarEntry[]): Buffer {
  return tarBytes(entries)
}
