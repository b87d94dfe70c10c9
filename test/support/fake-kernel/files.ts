import type { Files } from "../../../src/kernel/files.ts"
import type { InsideFile, Kernel, ProcessId } from "../../../src/kernel/kernel.ts"
import { KernelError } from "../../../src/kernel/kernel.ts"
import type { Mutate } from "./launch.ts"
import type { FakeProcess, Machine } from "./machine.ts"
import { refuse } from "./machine.ts"
import { readProc, readProcLink } from "./procfs.ts"
import { readSysctl, writeSysctl } from "./sysctls.ts"
import type { Folder, Node } from "./tree.ts"
import { lookup, makeFolder, parentFolder, putFile, removeFolder, rename, textFile } from "./tree.ts"

interface Context {
  machine: Machine
  self: FakeProcess
  mutate: Mutate
  reading<T>(work: () => T): T
}

export function fileCalls(context: Context): Files {
  const { machine, self, mutate, reading } = context
  const { root } = machine
  const read = (path: string) => readText(machine, self, path)
  const readMany: Kernel["readMany"] = (paths) =>
    reading(() =>
      paths.map((path) =>
        path.startsWith("@")
          ? linkText(machine, self, path.slice(1))
          : path.startsWith("=")
            ? identityOf(machine, path.slice(1))
            : path.startsWith("%")
              ? listingOf(root, path.slice(1))
              : path.startsWith("+")
                ? foldersOf(root, path.slice(1))
                : read(path),
      ),
    )
  return {
    read: (path) => reading(() => read(path)),
    readMany,
    readBeside: (paths) => {
      const texts = readMany(paths)
      return () => texts
    },
    write: (path, text) => mutate(`write ${path}`, () => writeText(machine, self, path, text)),
    replaceFile: (path, text) =>
      mutate(`replace ${path}`, () =>
        putFile(root, path, textFile(typeof text === "string" ? text : Buffer.from(text).toString("latin1"), 0o600)),
      ),
    rewriteFile: (path, text) => mutate(`rewrite ${path}`, () => rewriteFile(root, path, text)),
    mkdir: (path, mode) => mutate(`mkdir ${path}`, () => makeFolder(root, path, mode ?? 0o777 & ~0o022)),
    symlink: (path, to) => mutate(`ln -s ${to} ${path}`, () => makeLink(root, path, to)),
    spread: (path) => mutate(`chattr +T ${path}`, () => spreadFolder(root, path)),
    rmdir: (path) => mutate(`rmdir ${path}`, () => removeFolder(root, path)),
    list: (path) => reading(() => listNames(machine, path)),
    rename: (from, to) => mutate(`mv ${from} ${to}`, () => rename(root, from, to)),
    removeTree: (path) => mutate(`rm -r ${path}`, () => removeTree(root, path)),
    removeTreesLater: (paths) => removeTreesLater(context, paths),
    lock: (path) => mutate(`lock ${path}`, () => takeLock(context, path)),
    stat: (path) => reading(() => statOf(machine, self, path)),
    lstat: (path) => reading(() => parameterStat(machine, self, path) ?? ownStat(lookup(root, path, false))),
    readInside: (top, path, length) => reading(() => readInside(root, top, path, length)),
    inode: (path) => reading(() => inodeOf(lookup(root, path))),
    readLink: (path) => reading(() => linkText(machine, self, path)),
  }
}

function readText(machine: Machine, self: FakeProcess, path: string): string | null {
  const made = path.startsWith("/proc/") ? readProc(machine, self, path) : undefined
  if (made !== undefined) return made
  const node = path === "" ? undefined : lookup(machine.root, path)
  if (node?.type === "folder") refuse(`read ${path}`, "EISDIR")
  return node?.type === "file" ? (node.read === undefined ? node.text : node.read()) : null
}

/** Links are those of the folder that is the root. */
function readInside(root: Folder, top: string, path: string, length: number): InsideFile | null {
  const inner = lookup(root, top)
  const node = inner?.type === "folder" ? lookup(inner, path) : undefined
  if (node?.type !== "file") return null
  const { mode, uid, gid } = node
  return { bytes: Buffer.from(node.text, "latin1").subarray(0, length), uid, gid, mode }
}

function writeText(machine: Machine, self: FakeProcess, path: string, text: string): void {
  const op = `write ${path}`
  if (path.startsWith("/proc/sys/")) {
    writeSysctl(machine, self, [], path, text)
    return
  }
  const process = machine.processes.get(Number(/^\/proc\/(\d+)\/oom_score_adj$/.exec(path)?.[1]))
  if (process !== undefined) {
    process.oomScoreAdj = Number(text)
    return
  }
  const node = lookup(machine.root, path) ?? refuse(op, "ENOENT")
  if (node.type !== "file") refuse(op, "EISDIR")
  if (node.read === undefined) node.text = text
  else if (node.write === undefined) refuse(op, "EACCES")
  else node.write(text)
}

/** The same file with another text, for all who see it. */
function rewriteFile(root: Folder, path: string, text: string): void {
  const node = lookup(root, path, false)
  if (node === undefined) putFile(root, path, textFile(text, 0o644))
  else if (node.type === "file") node.text = text
  else refuse(`write ${path}`, node.type === "folder" ? "EISDIR" : "ELOOP")
}

function makeLink(root: Folder, path: string, to: string): boolean {
  const { parent, name } = parentFolder(root, `ln -s ${to} ${path}`, path)
  if (parent.children.has(name)) return false
  parent.children.set(name, { type: "link", to, mode: 0o777, uid: 0, gid: 0 })
  return true
}

/** `DEVICE:INODE`; in a container of what is mounted there. */
function identityOf(machine: Machine, path: string): string | null {
  const [, pid, inside = ""] = /^\/proc\/(\d+)\/root(\/.*)$/.exec(path) ?? []
  const node = pid === undefined ? lookup(machine.root, path) : machine.processes.get(Number(pid))?.mounted?.get(inside)
  const inode = inodeOf(node)
  return inode === null ? null : `1:${inode}`
}

/** The very one, or ESRCH. */
export function requireProcess(machine: Machine, { pid, startTime }: ProcessId, op: string): FakeProcess {
  const process = machine.processes.get(pid)
  return process?.startTime === startTime ? process : refuse(op, "ESRCH")
}

/** mount --bind, umount. */
export function mountFile(machine: Machine, id: ProcessId, { source, target }: { source: string; target: string }): void {
  const op = `mount ${source} ${target}`
  const process = requireProcess(machine, id, op)
  const node = source === "" ? undefined : (lookup(machine.root, source) ?? refuse(op, "ENOENT"))
  process.mounted ??= new Map()
  if (node === undefined) process.mounted.delete(target)
  else process.mounted.set(target, node)
}

function listNames(machine: Machine, path: string): string[] {
  const node = lookup(machine.root, path)
  if (node?.type !== "folder") return []
  const pids = path === "/proc" ? [...machine.processes.keys()].map(String) : []
  return [...node.children.keys(), ...pids].sort()
}

/** Not across a mount: of cgroupfs, which the kernel itself keeps. */
function removeTree(root: Folder, path: string): void {
  const above = lookup(root, `${path}/..`)
  if (above?.type !== "folder") return
  const { parent, name } = parentFolder(root, `rm -r ${path}`, path)
  const node = parent.children.get(name)
  if (node?.type === "folder" && node.makeFolder !== undefined) refuse(`rm -r ${path}`, "EXDEV")
  parent.children.delete(name)
}

/** Of a run that a fault kills nobody hears the answer. */
function removeTreesLater({ machine, mutate }: Context, paths: readonly string[]): ReturnType<Kernel["removeTreesLater"]> {
  const removeAll = async () => paths.map((path) => refusalOf(() => mutate(`rm -r ${path}`, () => removeTree(machine.root, path))))
  const answers = removeAll()
  answers.catch(() => {})
  return answers
}

/** fcntl(2), F_OFD_SETLK: dies with its holder. */
function takeLock({ machine, self }: Context, path: string): { release(): void } | null {
  if (lookup(machine.root, path) === undefined) putFile(machine.root, path, textFile("", 0o600))
  const file = lookup(machine.root, path) ?? refuse(`lock ${path}`, "ENOENT")
  if (machine.locks.has(file)) return null
  machine.locks.set(file, self.pid)
  return { release: () => void (machine.locks.get(file) === self.pid && machine.locks.delete(file)) }
}

function statOf(machine: Machine, self: FakeProcess, path: string): ReturnType<Kernel["stat"]> {
  if (path.startsWith("/proc/") && readProc(machine, self, path) !== undefined)
    return { type: "file", mode: 0o444, uid: 0, gid: 0, device: "" }
  const node = lookup(machine.root, path)
  if (node === undefined) return null
  const { mode, uid, gid } = node
  const type = node.type === "file" || node.type === "folder" ? node.type : "other"
  return { type, mode, uid, gid, device: node.type === "device" ? node.to : "" }
}

/** What the kernel refuses the work with; null where it does not. */
export function refusalOf(work: () => void): KernelError | null {
  try {
    work()
    return null
  } catch (failure) {
    if (failure instanceof KernelError) return failure
    throw failure
  }
}

/** This file system does not know the flag: a hint, no more. */
function spreadFolder(root: Folder, path: string): void {
  const node = lookup(root, path, false) ?? refuse(`chattr +T ${path}`, "ENOENT")
  if (node.type !== "folder") refuse(`chattr +T ${path}`, "ENOTDIR")
}

const FILE_KINDS = { file: 0o100000, folder: 0o040000, link: 0o120000, device: 0o020000 }

/** See listingIn. */
function listingOf(root: Folder, path: string): string | null {
  const node = lookup(root, path, false)
  if (node === undefined) return null
  const row = ({ type, mode, uid }: Node, name: string) => `${(FILE_KINDS[type] | mode).toString(8)} ${uid} ${name}\0`
  const inside = node.type === "folder" ? [...node.children].map(([name, one]) => row(one, name)) : []
  return [row(node, ""), ...inside].join("")
}

/** See foldersIn. */
function foldersOf(root: Folder, path: string): string | null {
  const node = lookup(root, path)
  if (node?.type !== "folder") return null
  return [...node.children].flatMap(([name, { type }]) => (type === "folder" ? [`${name}\0`] : [])).join("")
}

function parameterStat(machine: Machine, self: FakeProcess, path: string): ReturnType<Kernel["lstat"]> {
  const isThere = path.startsWith("/proc/sys/") && readSysctl(machine, self, [], path) !== null
  return isThere ? { type: "file", mode: 0o644, uid: 0 } : null
}

function ownStat(node: Node | undefined): ReturnType<Kernel["lstat"]> {
  if (node === undefined) return null
  const { mode, uid } = node
  return { type: node.type === "device" ? "other" : node.type, mode, uid }
}

const INODES = new WeakMap<Node, string>()
let nextInode = 1

/** A number for each file that ever was. */
function inodeOf(node: Node | undefined): string | null {
  if (node === undefined) return null
  const known = INODES.get(node) ?? String(nextInode++)
  INODES.set(node, known)
  return known
}

function linkText(machine: Machine, self: FakeProcess, path: string): string | null {
  const made = readProcLink(machine, self, path)
  if (made !== undefined) return made
  const node = lookup(machine.root, path, false)
  return node?.type === "link" ? node.to : null
}
