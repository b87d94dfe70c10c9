import type { Kernel } from "../../kernel/kernel.ts"

/** More symbolic links than these are a circle. path_resolution(7) */
const MAX_LINKS = 40

/**
 * Where a path leads to for a process whose root is `top`: no symbolic link and no `..` leads out of it. What is not there is no link.
 *
 * @param top a folder without a slash at its end; "" is the host's root
 * @returns a path from that root; of a circle of links the path itself
 */
export function realPath(kernel: Kernel, top: string, path: string): string {
  let [done, ahead] = [[] as string[], names(path)]
  for (let links = 0; links <= MAX_LINKS; ) {
    const [name, ...rest] = ahead
    if (name === undefined) return `/${done.join("/")}`
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
  return path
}

function names(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".")
}
