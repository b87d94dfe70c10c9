import { absolutePath } from "./files.ts"
import type { MapNode, Node } from "./node.ts"
import { child, setKey, toPlain } from "./node.ts"
import { substitute } from "./substitute.ts"
import type { Variables } from "./variables.ts"

/**
 * The stack file as plain data, with includes merged and variables replaced, to be read by a person or as a stack file
 * again from anywhere: `${index}` stays, other dollar signs are written so that they mean themselves, paths are absolute.
 */
export function documentOf(tree: MapNode, name: string | undefined, variables: Variables): unknown {
  const found: { [key: string]: unknown } = name === undefined ? {} : { name }
  const manner = { replicated: true, index: `$\{index}`, spelt: (text: string) => text.replaceAll("$", "$$$$") }
  for (const [key, { value }] of tree.entries) {
    if (key.startsWith("x-") || key === "variables" || key === "name") continue
    const { node } = substitute(value, variables, [], manner)
    const plain = toPlain(node)
    if (key === "containers") withAbsolutePaths(node, plain)
    setKey(found, key, plain)
  }
  return found
}

/** Paths of images and env files, from the folder of the file that each is written in. */
function withAbsolutePaths(containers: Node, plain: unknown): void {
  if (containers.kind !== "map" || plain === null || typeof plain !== "object") return
  for (const [name, { value }] of containers.entries) {
    const its = Object.hasOwn(plain, name) ? (plain as { [name: string]: { [key: string]: unknown } | null })[name] : undefined
    if (its === undefined || its === null || typeof its !== "object") continue
    const folder = (key: string) => (child(value, key) ?? value).file.folder
    const { image, env_file } = its
    if (typeof image === "string" && image.startsWith("dir:"))
      its.image = `dir:${absolutePath(folder("image"), image.slice("dir:".length))}`
    if (typeof env_file === "string") its.env_file = absolutePath(folder("env_file"), env_file)
    if (Array.isArray(env_file))
      its.env_file = env_file.map((path: unknown) => (typeof path === "string" ? absolutePath(folder("env_file"), path) : path))
  }
}
