import type { Diagnostic } from "../../base/diagnostic.ts"
import { DiagnosticError, error } from "../../base/diagnostic.ts"
import type { Kernel } from "../../kernel/kernel.ts"
import { splitImage } from "../image/spec.ts"
import { readImageFile } from "./image-file.ts"
import type { ImageTop } from "./image-tops.ts"
import { requiredTops } from "./image-tops.ts"
import type { ContainerAttributes } from "./spec.ts"

/** Ids inside the container. */
export interface Ids {
  uid: number
  gid: number
  groups: number[]
  /** Its home, where the image's passwd tells one. */
  home?: string
}

/** Who a command runs as: `user` and `group_add` of a container. */
export type Who = Pick<ContainerAttributes, "image" | "user" | "group_add">

/**
 * Compose's `user`: `UID`, `UID:GID`, or names out of the image's /etc/passwd and /etc/group. A bare number that passwd knows takes its
 * group from there, else 0. Without a group of its own it has those that /etc/group makes it a member of; those of `group_add` always.
 * Throws a DiagnosticError for names the image does not have.
 */
export function lookupUser(kernel: Kernel, { image, user, group_add }: Who, tops?: readonly ImageTop[]): Ids {
  const ids = lookedUp(kernel, { image, user, group_add }, tops)
  const wrong = [ids.uid, ids.gid, ...ids.groups].find((id) => id > LAST_ID)
  // To setresuid(2) the next one means "as it is": what asks for it would stay root.
  if (wrong !== undefined)
    throw new DiagnosticError(error("unknown-user", `no user or group has the id ${wrong}`, { hint: `the last one is ${LAST_ID}` }))
  return ids
}

const LAST_ID = 2 ** 32 - 2

function lookedUp(kernel: Kernel, { image, user, group_add }: Who, tops?: readonly ImageTop[]): Ids {
  const isRoot = user === "" || user === "0" || user === "0:0"
  if (isRoot && group_add.every(isNumber)) return { uid: 0, gid: 0, groups: distinct(group_add.map(Number)) }
  const files = openFiles(kernel, image, tops ?? requiredTops(kernel, image))
  const own = isRoot ? { uid: 0, gid: 0, groups: [] } : ownIds(user, files)
  const unknownGroups: Diagnostic[] = []
  const added = group_add.flatMap((name) => groupId(name, files) ?? [])
  for (const name of group_add)
    if (groupId(name, files) === undefined) unknownGroups.push(unknown("group", name, files.image, "group", ADDED))
  if (unknownGroups.length > 0) throw new DiagnosticError(...unknownGroups)
  return { ...own, groups: distinct([...own.groups, ...added]) }
}

/** What a diagnostic of a name in `group_add` is called, which tells where in the file it belongs. */
export const ADDED = "unknown-group"

interface NameFiles {
  image: string
  /** Lines whose ids are numbers. passwd(5), group(5) */
  users(): string[][]
  groups(): string[][]
}

function openFiles(kernel: Kernel, image: string, tops: readonly ImageTop[]): NameFiles {
  const read = (file: string) => lines(readImageFile(kernel, tops, file))
  let groups: string[][] | undefined
  return {
    image,
    users: () => read("etc/passwd").filter((f) => isId(f[2]) && isId(f[3])),
    groups: () => {
      groups ??= read("etc/group").filter((f) => isId(f[2]))
      return groups
    },
  }
}

function ownIds(user: string, files: NameFiles): Ids {
  const [who = "", group] = user.split(":")
  const entry = files.users().find((f) => f[0] === who || f[2] === who)
  if (entry === undefined && !isNumber(who)) throw new DiagnosticError(unknown("user", who, files.image, "passwd"))
  const home = entry?.[5]?.startsWith("/") && !entry[5].includes("\0") ? { home: entry[5] } : {}
  const uid = Number(entry?.[2] ?? who)
  if (group !== undefined) {
    const gid = groupId(group, files)
    if (gid === undefined) throw new DiagnosticError(unknown("group", group, files.image, "group"))
    return { uid, gid, groups: [], ...home }
  }
  const member = files.groups().filter((f) => entry !== undefined && (f[3] ?? "").split(",").includes(entry[0] as string))
  return { uid, gid: Number(entry?.[3] ?? 0), groups: member.map((f) => Number(f[2])), ...home }
}

function distinct(groups: readonly number[]): number[] {
  return [...new Set(groups)]
}

function groupId(group: string, files: NameFiles): number | undefined {
  if (isNumber(group)) return Number(group)
  const id = files.groups().find((f) => f[0] === group)?.[2]
  return id === undefined ? undefined : Number(id)
}

/** 2^32 - 1 is no id. credentials(7) */
function isId(text: string | undefined): boolean {
  return text !== undefined && isNumber(text) && Number(text) < 2 ** 32 - 1
}

function isNumber(text: string): boolean {
  return /^[0-9]+$/.test(text)
}

function lines(text: string | null): string[][] {
  return (text ?? "").split("\n").map((line) => line.split(":"))
}

function unknown(what: string, name: string, image: string, file: string, code = "unknown-user"): Diagnostic {
  return error(code, `the image has no ${what} "${name}"`, {
    detail: `looked up in ${fileText(image, file)}`,
    hint: "write a number, or a name that the image's file holds",
  })
}

function fileText(image: string, file: string): string {
  if (image === "host") return `/etc/${file}`
  return image.startsWith("dir:") ? `${image.slice("dir:".length)}/etc/${file}` : `/etc/${file} of ${splitImage(image).source}`
}
