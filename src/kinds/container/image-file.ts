import type { Kernel } from "../../kernel/kernel.ts"

/** More symbolic links than these are a circle. path_resolution(7) */
const MAX_LINKS = 40

/**
 * A file of an image as a process whose root is the image would read it: no symbolic link and no `..` leads out of it. Null
 * where there is none, or what is there is no regular file: a FIFO would never be read to its end.
 *
 * @param top the image's folder without a slash at its end; "" is the host's root
 */
export function readImageFile(kernel: Kernel, top: string, path: string): string | null {
  let [done, ahead] = [[] as string[], names(path)]
  for (let links = 0; links <= MAX_LINKS; ) {
    const [name, ...rest] = ahead
    if (name === undefined) return readRegular(kernel, `${top}/${done.join("/")}`)
    ahead = rest
    if (name === "..") {
      done = done.slice(0, -1)
      continue
    }
    const link = kernel.readLink([top, ...done, name].join("/"))
    if (link === null) done = [...done, name]
    else {
      if (link.startsWith("/")) done = []
      ahead = [...names(link), ...rest]
      links++
    }
  }
  return null
}

function names(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".")
}

function readRegular(kernel: Kernel, path: string): string | null {
  return kernel.stat(path)?.type === "file" ? kernel.read(path) : null
}
