import { withAbsoluteSource } from "../kinds/container/expand-mounts.ts"
import { withSeccompFile } from "../kinds/container/expand-security.ts"
import { withAbsolutePath } from "../kinds/image/spec.ts"
import { absolutePath } from "./files.ts"
import type { Node } from "./node.ts"
import { child } from "./node.ts"

type Absolute = (path: string) => string
type Change = (value: string, absolute: Absolute) => unknown

const itself: Change = (path, absolute) => absolute(path)

/** Where paths of the host stand in a stack file, as keys from its top (`*`: each), and what each becomes. */
const PLACES: readonly (readonly [readonly string[], Change])[] = [
  [["containers", "*", "image"], withAbsolutePath],
  [["containers", "*", "env_file"], itself],
  [["containers", "*", "env_file", "*"], itself],
  [["containers", "*", "security_opt", "*"], withSeccompFile],
  [["containers", "*", "volumes", "*"], withAbsoluteSource],
  [["secrets", "*", "file"], itself],
  [["configs", "*", "file"], itself],
]

/** A section of the stack file as plain data, its paths from the folder of the file that each is written in. */
export function withAbsolutePaths(section: string, node: Node, plain: unknown): unknown {
  return PLACES.reduce<unknown>(
    (found, [[first, ...rest], change]) => (first === section ? changed(node, found, rest, change) : found),
    plain,
  )
}

function changed(node: Node | undefined, plain: unknown, [step, ...rest]: readonly string[], change: Change): unknown {
  if (node === undefined) return plain
  if (step === undefined) return ofValue(node, plain, change)
  if (Array.isArray(plain)) return step === "*" ? plain.map((item, i) => changed(child(node, i), item, rest, change)) : plain
  if (plain === null || typeof plain !== "object") return plain
  return Object.fromEntries(
    Object.entries(plain).map(([key, value]) => [
      key,
      step === "*" || step === key ? changed(child(node, key), value, rest, change) : value,
    ]),
  )
}

function ofValue(node: Node, plain: unknown, change: Change): unknown {
  if (typeof plain === "string") return change(plain, (path) => absolutePath(node.file.folder, path))
  // Of a volume the source is a name.
  const isBind = plain !== null && typeof plain === "object" && (plain as { type?: unknown }).type === "bind"
  return isBind ? changed(node, plain, ["source"], itself) : plain
}
