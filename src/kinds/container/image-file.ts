import type { Kernel } from "../../kernel/kernel.ts"
import type { ImageTop } from "./image-tops.ts"
import { realNames } from "./real-path.ts"

/**
 * A file of an image as a process whose root is the image would read it: no symbolic link and no `..` leads out of it. Null
 * where there is none, or what is there is no regular file: a FIFO would never be read to its end.
 */
export function readImageFile(kernel: Kernel, tops: readonly ImageTop[], path: string): string | null {
  const names = realNames(path, (some) => linkOfImage(kernel, tops, some))
  return names === undefined ? null : readRegular(kernel, placeOf(kernel, tops, names))
}

/** What the symbolic link says that an image has at these names; null where there is none. */
export function linkOfImage(kernel: Kernel, tops: readonly ImageTop[], names: readonly string[]): string | null {
  const place = placeOf(kernel, tops, names)
  return place === undefined ? null : kernel.readLink(place)
}

/** What an image has at these names, where it is a file or a folder; a link is neither. */
export function typeInImage(kernel: Kernel, tops: readonly ImageTop[], names: readonly string[]): "file" | "folder" | undefined {
  const place = placeOf(kernel, tops, names)
  const type = place === undefined ? undefined : kernel.lstat(place)?.type
  return type === "file" || type === "folder" ? type : undefined
}

/**
 * Where the highest folder has it that has anything in its place: a whiteout is something, and so is a folder of which nothing lower is
 * to be seen. Only one folder: there. https://docs.kernel.org/filesystems/overlayfs.html
 */
function placeOf(kernel: Kernel, tops: readonly ImageTop[], parts: readonly string[]): string | undefined {
  const [only] = tops
  if (tops.length === 1 && only !== undefined) return [only.path === "/" ? "" : only.path, ...parts].join("/")
  for (const { path, opaque } of tops) {
    for (let depth = 1; depth < parts.length; depth++) {
      const above = kernel.lstat([path, ...parts.slice(0, depth)].join("/"))
      if (above !== null && above.type !== "folder") return undefined
    }
    const place = [path, ...parts].join("/")
    if (kernel.lstat(place) !== null) return place
    if (parts.some((_, depth) => opaque.has(parts.slice(0, depth).join("/")))) return undefined
  }
  return undefined
}

function readRegular(kernel: Kernel, path: string | undefined): string | null {
  return path !== undefined && kernel.stat(path)?.type === "file" ? kernel.read(path) : null
}
