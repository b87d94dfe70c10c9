import type { Diagnostic } from "../base/diagnostic.ts"
import { DiagnosticError, error } from "../base/diagnostic.ts"
import type { Kernel } from "../kernel/kernel.ts"
import type { Listed } from "../kernel/listing.ts"
import { listingIn } from "../kernel/listing.ts"
import {
  appliedFolderOf,
  forwardingFileOf,
  hostsFileOf,
  KEPT_ROOT,
  LAYER_ROOT,
  RUN_ROOT,
  volumesFolderOf,
  waitingFileOf,
} from "../model/ownership.ts"
import type { Desired } from "../model/resource.ts"
import { appliedFile } from "./applied.ts"

const OTHERS_WRITE = 0o022
const OTHERS_ANYTHING = 0o077

/** Files of a container's run folder. */
const FILES = new Set(["spec.json", "log", "log.1", "state", "check", "health", "launch", "restarts", "hosts", "resolv.conf"])

/** The stacks of this host, by their run folders. */
export function stackNames(kernel: Pick<Kernel, "list">): string[] {
  return kernel.list(RUN_ROOT).filter((name) => !name.startsWith("."))
}

/** A stack's run folder, looked at as far as its first level. */
export interface RunFolder {
  /** What is to be read of its containers' folders (`Kernel.readMany`). */
  paths: readonly string[]
  /** What was read there: throws a DiagnosticError where something is not as it was made. */
  requireSound(texts: readonly (string | null)[]): void
}

/**
 * Throws a DiagnosticError where the folder itself is not as it was made: what lies there is trusted, and removed with the stack. No symbolic link
 * may lead elsewhere, and nobody but root may have had a hand in it.
 */
export function lookIntoRunFolder(kernel: Kernel, stack: string): RunFolder {
  const own = `${RUN_ROOT}/${stack}`
  const [text] = kernel.readMany([`%${own}`])
  const listed = text == null ? undefined : listingIn(text)
  const ofOwn = listed === undefined ? undefined : folderFault(kernel, own, listed.self)
  const above = [...some(folderProblem(kernel, RUN_ROOT)), ...some(ofOwn)]
  if (above.length > 0) throw new DiagnosticError(...above)
  const inside = inOrder(listed?.inside ?? [])
  const containers = inside.filter(({ name }) => CONTAINER.test(name) && !isOfStack(stack, name))
  return {
    paths: containers.map(({ name }) => `%${own}/${name}`),
    requireSound: (texts) => {
      const read = new Map(containers.map(({ name }, i) => [name, texts[i] ?? null]))
      const problems = inside.flatMap((one) => problemsOf(kernel, stack, one, read.get(one.name)))
      if (problems.length > 0) throw new DiagnosticError(...problems)
    },
  }
}

/** The same at once. */
export function requireSoundRunFolder(kernel: Kernel, stack: string): void {
  const { paths, requireSound } = lookIntoRunFolder(kernel, stack)
  requireSound(kernel.readMany(paths))
}

/**
 * The same of the folders in which writable layers and volumes of a stack are kept: what lies there is taken to be the stack's by its place, and
 * removed with it. Those above may lead to another disk.
 */
export function requireSoundKept(kernel: Kernel, { stack, resources, allVolumes }: Desired): void {
  const volumes = allVolumes || resources.some(({ kind }) => kind === "volume") ? [volumesFolderOf(stack)] : []
  const problems = [`${LAYER_ROOT}/${stack}`, ...volumes].flatMap((path) => some(folderProblem(kernel, path)))
  if (problems.length > 0) throw new DiagnosticError(...problems)
}

/** What containers can be called: `web`, `web[0]`. */
const CONTAINER = /^[a-zA-Z0-9][a-zA-Z0-9_-]*(\[\d+\])?$/

function isOfStack(stack: string, name: string): boolean {
  const path = `${RUN_ROOT}/${stack}/${name}`
  return name === "lock" || [hostsFileOf, waitingFileOf, forwardingFileOf, appliedFolderOf].some((pathOf) => path === pathOf(stack))
}

/** `text`: of a container's folder what is in it, or null where it is gone by now. */
function problemsOf(kernel: Kernel, stack: string, listed: Listed, text: string | null | undefined): Diagnostic[] {
  const { name } = listed
  const path = `${RUN_ROOT}/${stack}/${name}`
  if (path === appliedFolderOf(stack)) return some(folderFault(kernel, path, listed) ?? fileProblem(kernel, appliedFile(stack)))
  if (isOfStack(stack, name)) return some(fileFault(kernel, path, listed))
  if (name.startsWith(".")) return []
  if (text === undefined) return [strange(path)]
  return text === null ? [] : containerProblems(kernel, path, text)
}

function inOrder(listed: readonly Listed[]): Listed[] {
  return [...listed].sort((a, b) => (a.name < b.name ? -1 : 1))
}

function some(problem: Diagnostic | undefined): Diagnostic[] {
  return problem === undefined ? [] : [problem]
}

/** The folders of a stack's containers are mostly alike, and looked at more than once: those in which nothing is wrong are known. */
const SOUND = new Set<string>()

function containerProblems(kernel: Kernel, folder: string, text: string): Diagnostic[] {
  if (SOUND.has(text)) return []
  const { self, inside } = listingIn(text)
  const problem = folderFault(kernel, folder, self)
  if (problem !== undefined) return [problem]
  const files = inOrder(inside).filter(({ name }) => FILES.has(name))
  const problems = files.flatMap((file) => some(fileFault(kernel, `${folder}/${file.name}`, file)))
  if (problems.length === 0) SOUND.add(text)
  return problems
}

function isKept(path: string): boolean {
  return path.startsWith(`${KEPT_ROOT}/`)
}

function keptIn(path: string): string {
  return isKept(path)
    ? "what containers have written is kept there, and goes with them"
    : "what is known of running containers is kept there"
}

/** Undefined also where it is not there. */
export function folderProblem(kernel: Kernel, path: string): Diagnostic | undefined {
  const status = kernel.lstat(path)
  return status === null ? undefined : folderFault(kernel, path, status)
}

/** All stacks' folder, and what is kept, may be looked into. */
function folderFault(kernel: Kernel, path: string, status: Status): Diagnostic | undefined {
  const wrong = notOf(kernel, path, status, "folder")
  if (wrong !== undefined) return wrong
  const { mode } = status
  if (path === RUN_ROOT || isKept(path))
    return (mode & OTHERS_WRITE) === 0 ? undefined : tooOpen(path, mode, "lets others change what is in it", isKept(path) ? "go-w" : "755")
  return (mode & OTHERS_ANYTHING) === 0 ? undefined : tooOpen(path, mode, "lets others in", "700")
}

/** Undefined also where it is not there. */
function fileProblem(kernel: Kernel, path: string): Diagnostic | undefined {
  const status = kernel.lstat(path)
  return status === null ? undefined : fileFault(kernel, path, status)
}

function fileFault(kernel: Kernel, path: string, status: Status): Diagnostic | undefined {
  const wrong = notOf(kernel, path, status, "file")
  if (wrong !== undefined) return wrong
  return (status.mode & OTHERS_WRITE) === 0 ? undefined : tooOpen(path, status.mode, "lets others change it", "600")
}

type Status = NonNullable<ReturnType<Kernel["lstat"]>>

/** Another sort of thing in its place, or one of another owner. */
function notOf(kernel: Kernel, path: string, status: Status, sort: "file" | "folder"): Diagnostic | undefined {
  if (status.type === "link") return misplaced(path, `is a symbolic link to ${kernel.readLink(path)}`, sort)
  if (status.type !== sort) return misplaced(path, status.type === "other" ? `is no ${sort}` : `is a ${status.type}`, sort)
  if (status.uid === 0) return undefined
  return error("unsound-run-folder", `${path} belongs to user ${status.uid}, not to root`, {
    detail: `${keptIn(path)}: nobody else may have had a hand in it`,
    hint: `find out who changed it; if all is well with it: chown 0:0 ${path}`,
  })
}

function misplaced(path: string, is: string, sort: string): Diagnostic {
  return error("unsound-run-folder", `${path} ${is}`, {
    detail: `it must be a ${sort}: ${keptIn(path)}`,
    hint: "find out who made it, and remove it",
  })
}

function strange(path: string): Diagnostic {
  return error("unsound-run-folder", `${JSON.stringify(path)} is no container's, by its name`, {
    detail: `${keptIn(path)}: nobody else may have had a hand in it`,
    hint: "find out who made it, and remove it",
  })
}

function tooOpen(path: string, mode: number, what: string, right: string): Diagnostic {
  return error("unsound-run-folder", `${path} ${what} (mode ${mode.toString(8)})`, {
    detail: `${keptIn(path)}: nobody else may have had a hand in it`,
    hint: `find out who changed it; if all is well with it: chmod ${right} ${path}`,
  })
}
