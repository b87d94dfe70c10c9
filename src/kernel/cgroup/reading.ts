import type { Limits } from "../../kinds/cgroup/spec.ts"
import type { GroupMember } from "../../model/driver.ts"
import type { Kernel } from "../kernel.ts"
import { foldersIn } from "../listing.ts"
import { devicePaths } from "./devices.ts"
import type { Tree } from "./folders.ts"
import { folderOf, isListed } from "./folders.ts"
import type { Hierarchy } from "./layout.ts"
import { codecFor, controllers, hierarchyOf } from "./limits.ts"
import { groupsAsked, groupsIn, pidsOf } from "./members.ts"

/** Groups directly below the stack's own in any hierarchy; names with a dot in front are ours alone. */
export function groupNames(tree: Tree): string[] {
  const names = tree.layout.hierarchies.flatMap((h) => groupsIn(tree.kernel, folderOf(tree, h, "")))
  return [...new Set(names)].filter((name) => !name.startsWith(".")).sort()
}

/** A stretch of the one reading: the files of one codec, or of `unified`, for one group. */
interface Request {
  path: string
  files: string[]
  understand(texts: readonly (string | null)[]): Limits
}

/** The limits of many groups in one reading; see StackGroups. */
export function readLimits(tree: Tree, paths: readonly string[], likes: Likes = new Map()): Map<string, Limits> {
  const requests = [...limitRequests(tree, paths, likes), ...paths.flatMap((path) => unifiedRequest(tree, path, likes.get(path) ?? []))]
  const texts = tree.kernel.readMany(requests.flatMap((r) => r.files))
  const limits = new Map<string, Limits>(paths.map((path) => [path, {}]))
  let next = 0
  for (const { path, files, understand } of requests) {
    limits.set(path, { ...limits.get(path), ...understand(texts.slice(next, next + files.length)) })
    next += files.length
  }
  for (const [path, found] of limits)
    if (found.io !== undefined) limits.set(path, { ...found, io: devicePaths(tree.kernel, found.io, likes.get(path) ?? []) })
  return limits
}

export type Likes = ReadonlyMap<string, readonly Limits[]>

/** Controller by controller, so that limits are told in one order, however a host's hierarchies are mounted. */
function limitRequests(tree: Tree, paths: readonly string[], likes: Likes): Request[] {
  const present = presence(tree)
  return controllers.flatMap((controller) => {
    const hierarchy = hierarchyOf(tree.layout, controller.name)
    if (hierarchy === undefined) return []
    const { files, read } = codecFor(controller, hierarchy)
    return paths
      .filter((path) => present(hierarchy, path))
      .map((path) => ({
        path,
        files: files.map((file) => `${folderOf(tree, hierarchy, path)}/${file}`),
        understand: (texts) => read(texts, likes.get(path)?.[0] ?? {}),
      }))
  })
}

/** Whether a group is in a hierarchy: each folder above is listed once. */
function presence(tree: Tree): (hierarchy: Hierarchy, path: string) => boolean {
  const lists = new Map<string, Set<string>>()
  return (hierarchy, path) => isListed(tree.kernel, folderOf(tree, hierarchy, path), lists)
}

/** See StackGroups. */
export function membersOfAll(tree: Tree, paths: readonly string[]): Map<string, GroupMember[]> {
  const present = presence(tree)
  const folders = tree.layout.hierarchies.flatMap((hierarchy) =>
    paths.filter((path) => present(hierarchy, path)).map((path) => ({ path, folder: folderOf(tree, hierarchy, path), below: "" })),
  )
  const members = new Map<string, GroupMember[]>(paths.map((path) => [path, []]))
  for (const { path, folder, below, pids } of withBelow(tree.kernel, folders))
    members.get(path)?.push(...pids.map((pid) => ({ pid, below, folder })))
  return members
}

interface GroupFolder {
  path: string
  folder: string
  below: string
}

/** Who is in these groups, and then in those below them: all of one depth in one reading. */
function withBelow(kernel: Kernel, groups: readonly GroupFolder[]): (GroupFolder & { pids: number[] })[] {
  if (groups.length === 0) return []
  const texts = kernel.readMany(groups.flatMap(({ folder }) => [groupsAsked(folder), `${folder}/cgroup.procs`]))
  const below = groups.flatMap(({ path, folder, below }, i) =>
    foldersIn(texts[2 * i]).map((name) => ({ path, folder: `${folder}/${name}`, below: `${below}/${name}` })),
  )
  return [...groups.map((group, i) => ({ ...group, pids: pidsOf(texts[2 * i + 1] ?? null) })), ...withBelow(kernel, below)]
}

function unifiedRequest(tree: Tree, path: string, likes: readonly Limits[]): Request[] {
  const names = [...new Set(likes.flatMap((like) => Object.keys(like.unified ?? {})))].sort()
  if (names.length === 0 || tree.layout.holding.version !== 2) return []
  const folder = folderOf(tree, tree.layout.holding, path)
  return [{ path, files: names.map((name) => `${folder}/${name}`), understand: (texts) => unifiedLimits(names, texts, likes) }]
}

/** A file that only an earlier stack file named, and that is back at what it was before, says nothing any more. */
function unifiedLimits(names: readonly string[], texts: readonly (string | null)[], likes: readonly Limits[]): Limits {
  const [wanted, ...earlier] = likes
  const entries = names.flatMap((name, i): [string, string][] => {
    const text = texts[i]?.trim()
    if (text === undefined) return []
    const held = name in (wanted?.unified ?? {}) || earlier.some((like) => like.unified?.[name]?.trim() === text)
    return held ? [[name, text]] : []
  })
  return entries.length === 0 ? {} : { unified: Object.fromEntries(entries) }
}
