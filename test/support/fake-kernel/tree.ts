import { refuse } from "./machine.ts"

interface Common {
  mode: number
  uid: number
  gid: number
}

export interface TextFile extends Common {
  type: "file"
  text: string
  /** A file of a kernel file system: its text is made when asked for. */
  read?: () => string | null
  write?: (text: string) => void
}

export interface Folder extends Common {
  type: "folder"
  children: Map<string, Node>
  /** A folder of a kernel file system does these by itself. */
  makeFolder?: (name: string) => Folder
  removeFolder?: (name: string) => void
  renameFolder?: (from: string, to: string) => void
}

export interface Other extends Common {
  type: "link" | "device"
  /** Of a link: what it says. Of a device: `MAJOR:MINOR`. */
  to: string
}

export type Node = TextFile | Folder | Other

export function folder(mode = 0o755): Folder {
  return { type: "folder", mode, uid: 0, gid: 0, children: new Map() }
}

export function textFile(text: string, mode = 0o644): TextFile {
  return { type: "file", mode, uid: 0, gid: 0, text }
}

export function kernelFile(read: () => string | null, write?: (text: string) => void): TextFile {
  return { ...textFile(""), read, ...(write === undefined ? {} : { write }) }
}

/** The names of a path; `..` goes up, as paths of the kernel's own file systems may hold it. */
function names(path: string): string[] {
  const out: string[] = []
  for (const name of path.split("/")) {
    if (name === "..") out.pop()
    else if (name !== "" && name !== ".") out.push(name)
  }
  return out
}

const MOST_LINKS = 8

/** What stands at a path; links on the way and, if wanted, at its end are followed. */
export function lookup(root: Folder, path: string, followLast = true, depth = 0): Node | undefined {
  let node: Node | undefined = root
  const parts = names(path)
  for (const [i, name] of parts.entries()) {
    if (node?.type !== "folder") return undefined
    const parent: string = `/${parts.slice(0, i).join("/")}`
    node = node.children.get(name)
    if (node?.type === "link" && (followLast || i < parts.length - 1)) {
      if (depth >= MOST_LINKS) return undefined
      node = lookup(root, node.to.startsWith("/") ? node.to : `${parent}/${node.to}`, true, depth + 1)
    }
  }
  return node
}

/** The folder that holds a path, and the last name. */
export function parentFolder(root: Folder, op: string, path: string): { parent: Folder; name: string } {
  const parts = names(path)
  const parent = lookup(root, `/${parts.slice(0, -1).join("/")}`)
  if (parent === undefined) refuse(op, "ENOENT")
  if (parent.type !== "folder") refuse(op, "ENOTDIR")
  return { parent, name: parts.at(-1) ?? "" }
}

/** mkdir(2); false where it is there already. */
export function makeFolder(root: Folder, path: string, mode: number): boolean {
  const op = `mkdir ${path}`
  const { parent, name } = parentFolder(root, op, path)
  if (parent.children.has(name)) return false
  parent.children.set(name, parent.makeFolder?.(name) ?? folder(mode))
  return true
}

/** rmdir(2); false where it is not there. */
export function removeFolder(root: Folder, path: string): boolean {
  const op = `rmdir ${path}`
  const above = lookup(root, `${path}/..`)
  if (above === undefined) return false
  const { parent, name } = parentFolder(root, op, path)
  const node = parent.children.get(name)
  if (node === undefined) return false
  if (node.type !== "folder") refuse(op, "ENOTDIR")
  if (parent.removeFolder !== undefined) parent.removeFolder(name)
  else if (node.children.size > 0) refuse(op, "ENOTEMPTY")
  parent.children.delete(name)
  return true
}

/** rename(2). A folder of a kernel file system says itself what it makes of it. */
export function rename(root: Folder, from: string, to: string): void {
  const op = `mv ${from} ${to}`
  const [old, fresh] = [parentFolder(root, op, from), parentFolder(root, op, to)]
  const node = old.parent.children.get(old.name) ?? refuse(op, "ENOENT")
  const present = fresh.parent.children.get(fresh.name)
  if (present?.type === "folder" && present.children.size > 0) refuse(op, "ENOTEMPTY")
  if (old.parent.renameFolder !== undefined) {
    if (fresh.parent !== old.parent) refuse(op, "EIO")
    old.parent.renameFolder(old.name, fresh.name)
  }
  old.parent.children.delete(old.name)
  fresh.parent.children.set(fresh.name, node)
}

/** The path of a folder, wherever it has been renamed to; undefined for one that is gone. */
export function pathOf(root: Folder, folder: Node, above = ""): string | undefined {
  for (const [name, node] of root.children) {
    if (node === folder) return `${above}/${name}`
    const found = node.type === "folder" && node.makeFolder === undefined ? pathOf(node, folder, `${above}/${name}`) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/** A new file in the place of an old one. */
export function putFile(root: Folder, path: string, file: Node): void {
  const { parent, name } = parentFolder(root, `write ${path}`, path)
  parent.children.set(name, file)
}

/** All folders of a path, made where they are not there; without counting as anyone's doing. */
export function ensureFolder(root: Folder, path: string): Folder {
  let node = root
  for (const name of names(path)) {
    const next = node.children.get(name) ?? folder()
    node.children.set(name, next)
    if (next.type !== "folder") throw new Error(`${path}: ${name} is no folder`)
    node = next
  }
  return node
}
