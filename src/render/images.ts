import { roundedSize } from "./progress.ts"
import { plainTable } from "./table.ts"

interface Shown {
  digest: string
  sources: readonly string[]
  used: readonly string[]
  layers: readonly unknown[]
  bytes: number
}

/** A line for each source; what has none is told by its digest alone. */
export function imagesText(images: readonly Shown[]): string {
  const rows = images.flatMap(({ digest, sources, used, layers, bytes }) =>
    (sources.length === 0 ? ["-"] : sources).map((source) => [
      source,
      digest.slice("sha256:".length, "sha256:".length + 12),
      String(layers.length),
      // Of a template that a tool has made nobody has counted.
      bytes === 0 ? "-" : roundedSize(bytes),
      String(used.length),
    ]),
  )
  return plainTable([["IMAGE", "DIGEST", "LAYERS", "SIZE", "CONTAINERS"], ...rows])
}
