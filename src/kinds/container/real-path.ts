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
  const names = realNames(path, (some) => kernel.readLink([top, ...some].join("/")))
  return names === undefined ? path : `/${names.join("/")}`
}

/** The names of that path; undefined: a circle. `linkAt`: what the symbolic link at these names below the root says; null where there is none. */
export function realNames(path: string, linkAt: (names: readonly string[]) => string | null): string[] | undefined {
  let [done, ahead] = [[] as string[], namesIn(path)]
  for (let links = 0; links <= MAX_LINKS; ) {
    const [name, ...rest] = ahead
    if (name === undefined) return done
    ahead = rest
    if (name === "..") {
      done = done.slice(0, -1)
      continue
    }
    const link = linkAt([...done, name])
    if (link === null) done = [...done, name]
    else {
      if (link.startsWith("/")) done = []
      ahead = [...namesIn(link), ...rest]
      links++
    }
  }
  return undefined
}

function namesIn(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".")
}
