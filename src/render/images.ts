import { roundedSize } from "./progress.ts"
import { partedTable, plainTable } from "./table.ts"

interface Shown {
  digest: string
  sources: readonly string[]
  used: readonly string[]
  layers: readonly unknown[]
  bytes: number
}

/** A line for each source; what has none is told by its digest alone. Where `columns` (of the terminal) are too few, the counts have their words beside them. */
export function imagesText(images: readonly Shown[], columns = Number.POSITIVE_INFINITY): string {
  const told = images.flatMap((image) => (image.sources.length === 0 ? ["-"] : image.sources).map((source) => ({ ...image, source })))
  const rows = told.map((image) => [
    image.source,
    shortDigest(image),
    String(image.layers.length),
    sizeOf(image),
    String(image.used.length),
  ])
  const wide = plainTable([["IMAGE", "DIGEST", "LAYERS", "SIZE", "CONTAINERS"], ...rows])
  if (wide.split("\n").every((line) => line.length <= columns)) return wide
  const parted = told.map((image) => ({
    cells: [image.source],
    parts: [shortDigest(image), counted(image.layers.length, "layer"), sizeOf(image), counted(image.used.length, "container")],
  }))
  return partedTable(["IMAGE", "DETAILS"], parted, columns)
}

function shortDigest({ digest }: Shown): string {
  return digest.slice("sha256:".length, "sha256:".length + 12)
}

/** Of a template that a tool has made nobody has counted. */
function sizeOf({ bytes }: Shown): string {
  return bytes === 0 ? "-" : roundedSize(bytes)
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`
}
