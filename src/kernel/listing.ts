import type { Kernel } from "./kernel.ts"

/** What lstat(2) says of a thing, with its name in the folder. */
export type Listed = NonNullable<ReturnType<Kernel["lstat"]>> & { name: string }

/** The kind of file in a mode. inode(7) */
const S_IFMT = 0o170000
const TYPES: ReadonlyMap<number, Listed["type"]> = new Map([
  [0o100000, "file"],
  [0o040000, "folder"],
  [0o120000, "link"],
  [0o020000, "char device"],
  [0o060000, "block device"],
])

/** What `readMany` says of `%PATH`: the thing itself, without a name, and what is in it, in no order. Rows of `MODE UID NAME`, the mode in octal. */
export function listingIn(text: string): { self: Listed; inside: Listed[] } {
  const [self, ...inside] = text.split("\0").slice(0, -1).map(rowOf)
  return { self: self as Listed, inside }
}

function rowOf(row: string): Listed {
  const afterMode = row.indexOf(" ")
  const afterUid = row.indexOf(" ", afterMode + 1)
  const mode = Number.parseInt(row.slice(0, afterMode), 8)
  return {
    type: TYPES.get(mode & S_IFMT) ?? "other",
    mode: mode & 0o7777,
    uid: Number(row.slice(afterMode + 1, afterUid)),
    name: row.slice(afterUid + 1),
  }
}

/** What `readMany` says of `+PATH`: the names of the folders in it, links to some left out, in no order. Of what is no folder, or not there: none. */
export function foldersIn(text: string | null | undefined): string[] {
  return text ? text.slice(0, -1).split("\0") : []
}
