import type { Limits } from "../../kinds/cgroup/spec.ts"
import { move, moveMembers } from "./change.ts"
import type { Tree } from "./folders.ts"
import { exists, folderOf, mayBeThere } from "./folders.ts"
import type { Hierarchy } from "./layout.ts"
import { controllers } from "./limits.ts"

/** A line of /proc/PID/cgroup: `0::/PATH` is cgroup2's, `ID:CONTROLLERS:/PATH` v1's. cgroups(7) */
interface Place {
  version: 1 | 2
  controllers: readonly string[]
  path: string
}

function placeIn(line: string): Place[] {
  const [id, names = "", ...path] = line.split(":")
  if (path.length === 0) return []
  const controllers = names.split(",").map((name) => (name === "blkio" ? "io" : name))
  return [{ version: id === "0" ? 2 : 1, controllers, path: path.join(":") }]
}

function isOf(hierarchy: Hierarchy, { version, controllers }: Place): boolean {
  return version === hierarchy.version && (version === 2 || controllers.some((c) => hierarchy.controllers.includes(c)))
}

/** The path in a line of /proc/PID/cgroup, if the line is this hierarchy's. */
export function pathIn(hierarchy: Hierarchy, line: string): string | undefined {
  return placeIn(line).find((place) => isOf(hierarchy, place))?.path
}

/**
 * The hierarchies in which a process is not in its group; in a group below that it is still held. The lines of a hundred containers
 * differ in the group's name alone: what such lines come to is remembered.
 */
function strayedFrom(tree: Tree, path: string, text: string): Hierarchy[] {
  const own = `/stack/${tree.stack}/${path}`
  const lines = text.split("\n")
  const outside = lines.filter((line) => !`${line}/`.includes(`${own}/`))
  const key = outside.join("\n")
  const known = tree.strayed.get(key)
  if (known !== undefined) return known
  const places = outside.flatMap(placeIn)
  const found = tree.layout.hierarchies.filter((hierarchy) => places.some((place) => isOf(hierarchy, place)))
  tree.strayed.set(key, found)
  return found
}

/** See StackGroups. Of a process that is gone, whose text is empty, nothing is said. */
export function unheldLimits(tree: Tree, path: string, text: string): (keyof Limits)[] {
  const strayed = strayedFrom(tree, path, text)
  return controllers.filter(({ name }) => strayed.some((h) => h.controllers.includes(name))).flatMap(({ keys }) => keys)
}

/** See StackGroups. What is in the holding hierarchy's group tells what belongs into the others'. */
export function gather(tree: Tree, path: string, pid: number): void {
  const { holding } = tree.layout
  const text = tree.kernel.read(`/proc/${pid}/cgroup`) ?? ""
  const isThere = (folder: string) => mayBeThere(tree, folder) && exists(tree, folder)
  const strayed = strayedFrom(tree, path, text).filter((hierarchy) => isThere(folderOf(tree, hierarchy, path)))
  if (strayed.includes(holding)) for (const one of withDescendants(tree, pid)) move(tree.kernel, one, folderOf(tree, holding, path))
  for (const hierarchy of strayed) if (hierarchy !== holding) moveMembers(tree, hierarchy, path)
}

/** A process moves alone: its children stay where they were born. proc_pid_task(5), `children` */
function withDescendants(tree: Tree, pid: number): number[] {
  const children = (tree.kernel.read(`/proc/${pid}/task/${pid}/children`) ?? "").split(" ").map(Number).filter(Boolean)
  return [pid, ...children.flatMap((child) => withDescendants(tree, child))]
}
