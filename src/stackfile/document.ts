import { withSeccompFile } from "../kinds/container/expand-security.ts"
import { withAbsolutePath } from "../kinds/image/spec.ts"
import { absolutePath } from "./files.ts"
import type { MapNode, Node } from "./node.ts"
import { child, setKey, toPlain } from "./node.ts"
import type { Draft } from "./resolve.ts"
import { substitute } from "./substitute.ts"
import type { Variables } from "./variables.ts"
import { withSpelling } from "./written-number.ts"

/**
 * The stack file as plain data, with includes merged, variables replaced and profiles decided, to be read by a person or as a
 * stack file again from anywhere: `${index}` stays, other dollar signs are written so that they mean themselves, paths are absolute.
 */
export function documentOf(tree: MapNode, name: string | undefined, variables: Variables, draft: Draft): unknown {
  const found: { [key: string]: unknown } = name === undefined ? {} : { name }
  const manner = { replicated: true, index: `$\{index}`, spelt: (text: string) => text.replaceAll("$", "$$$$") }
  for (const [key, { value }] of tree.entries) {
    if (key.startsWith("x-") || key === "variables" || key === "name") continue
    const { node } = substitute(value, variables, [], manner)
    const plain = toPlain(node, withSpelling)
    if (key === "containers") {
      withAbsolutePaths(node, plain)
      withoutProfiles(plain, draft)
    }
    if (key === "veths") withoutOthers(plain, new Set(draft.veths.map((veth) => veth.name)))
    setKey(found, key, plain)
  }
  return found
}

type Named = { [name: string]: unknown }

/** What the profiles leave out is not there, and what they let in is there whatever they are. */
function withoutProfiles(plain: unknown, { names }: Draft): void {
  withoutOthers(plain, new Set([...names].flatMap(([name, { active }]) => (active ? [name] : []))))
  for (const its of Object.values((plain ?? {}) as Named)) {
    if (its !== null && typeof its === "object") delete (its as Named).profiles
  }
}

function withoutOthers(plain: unknown, kept: ReadonlySet<string>): void {
  if (plain === null || typeof plain !== "object") return
  for (const name of Object.keys(plain)) if (!kept.has(name) && !name.startsWith("x-")) delete (plain as Named)[name]
}

/** Paths of images and env files, from the folder of the file that each is written in. */
function withAbsolutePaths(containers: Node, plain: unknown): void {
  if (containers.kind !== "map" || plain === null || typeof plain !== "object") return
  for (const [name, { value }] of containers.entries) {
    const its = Object.hasOwn(plain, name) ? (plain as { [name: string]: { [key: string]: unknown } | null })[name] : undefined
    if (its === undefined || its === null || typeof its !== "object") continue
    const folder = (key: string) => (child(value, key) ?? value).file.folder
    const { image, env_file, security_opt } = its
    if (typeof image === "string") its.image = withAbsolutePath(image, (path) => absolutePath(folder("image"), path))
    if (Array.isArray(security_opt)) {
      its.security_opt = security_opt.map((option: unknown) =>
        typeof option === "string" ? withSeccompFile(option, (path) => absolutePath(folder("security_opt"), path)) : option,
      )
    }
    if (typeof env_file === "string") its.env_file = absolutePath(folder("env_file"), env_file)
    if (Array.isArray(env_file))
      its.env_file = env_file.map((path: unknown) => (typeof path === "string" ? absolutePath(folder("env_file"), path) : path))
  }
}
