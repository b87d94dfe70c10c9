import { DiagnosticError, error } from "../../base/diagnostic.ts"
import type { Kernel } from "../../kernel/kernel.ts"
import { splitImage } from "../image/spec.ts"
import { readImageFile } from "./image-file.ts"
import type { ImageTop } from "./image-tops.ts"
import { requiredTops } from "./image-tops.ts"

/** Ids inside the container. */
export interface Ids {
  uid: number
  gid: number
  groups: number[]
}

/**
 * Compose's `user`: `UID`, `UID:GID`, or names out of the image's /etc/passwd and /etc/group. A bare number that
 * passwd knows takes its group from there, else 0. Throws a DiagnosticError for a name the image does not have.
 */
export function lookupUser(kernel: Kernel, image: string, user: string, tops?: readonly ImageTop[]): Ids {
  if (user === "" || user === "0" || user === "0:0") return { uid: 0, gid: 0, groups: [] }
  const [who = "", group] = user.split(":")
  const folders = tops ?? requiredTops(kernel, image)
  const entry = lines(readImageFile(kernel, folders, "etc/passwd")).find((f) => f[0] === who || f[2] === who)
  const uid = isNumber(who) ? Number(who) : entry === undefined ? unknown("user", who, image, "passwd") : Number(entry[2])
  const groups = lines(readImageFile(kernel, folders, "etc/group"))
  if (group !== undefined) return { uid, gid: groupId(groups, group, image), groups: [] }
  const name = entry?.[0]
  const member = groups.filter((f) => name !== undefined && (f[3] ?? "").split(",").includes(name)).map((f) => Number(f[2]))
  return { uid, gid: Number(entry?.[3] ?? 0), groups: member }
}

function groupId(groups: readonly string[][], group: string, image: string): number {
  if (isNumber(group)) return Number(group)
  const entry = groups.find((f) => f[0] === group)
  return entry === undefined ? unknown("group", group, image, "group") : Number(entry[2])
}

function isNumber(text: string): boolean {
  return /^[0-9]+$/.test(text)
}

function lines(text: string | null): string[][] {
  return (text ?? "").split("\n").map((line) => line.split(":"))
}

function unknown(what: string, name: string, image: string, file: string): never {
  throw new DiagnosticError(
    error("unknown-user", `the image has no ${what} "${name}"`, {
      detail: `looked up in ${fileText(image, file)}`,
      hint: "write a number, or a name that the image's file holds",
    }),
  )
}

function fileText(image: string, file: string): string {
  if (image === "host") return `/etc/${file}`
  return image.startsWith("dir:") ? `${image.slice("dir:".length)}/etc/${file}` : `/etc/${file} of ${splitImage(image).source}`
}
