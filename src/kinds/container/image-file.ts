import type { Kernel } from "../../kernel/kernel.ts"
import { realPath } from "./real-path.ts"

/**
 * A file of an image as a process whose root is the image would read it: no symbolic link and no `..` leads out of it. Null
 * where there is none, or what is there is no regular file: a FIFO would never be read to its end.
 *
 * @param top the image's folder without a slash at its end; "" is the host's root
 */
export function readImageFile(kernel: Kernel, top: string, path: string): string | null {
  const found = `${top}${realPath(kernel, top, path)}`
  return kernel.stat(found)?.type === "file" ? kernel.read(found) : null
}
