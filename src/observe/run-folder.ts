import type { Diagnostic } from "../base/diagnostic.ts"
import { DiagnosticError, error } from "../base/diagnostic.ts"
import type { Kernel } from "../kernel/kernel.ts"
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

/**
 * Throws a DiagnosticError where something in the run folder of a stack is not as it was made: what lies there is trusted, and
 * removed with the stack. No symbolic link may lead elsewhere, and nobody but root may have had a hand in it.
 */
export function requireSoundRunFolder(kernel: Kernel, stack: string): void {
  const own = `${RUN_ROOT}/${stack}`
  const above = [folderProblem(kernel, RUN_ROOT), folderProblem(kernel, own)].filter((problem) => problem !== undefined)
  if (above.length > 0) throw new DiagnosticError(...above)
  const problems = kernel.list(own).flatMap((name) => problemsOf(kernel, stack, name))
  if (problems.length > 0) throw new DiagnosticError(...problems)
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

function problemsOf(kernel: Kernel, stack: string, name: string): Diagnostic[] {
  const path = `${RUN_ROOT}/${stack}/${name}`
  if (name === "lock" || [hostsFileOf, waitingFileOf, forwardingFileOf].some((fileOf) => path === fileOf(stack)))
    return some(fileProblem(kernel, path))
  if (path === appliedFolderOf(stack)) return some(folderProblem(kernel, path) ?? fileProblem(kernel, appliedFile(stack)))
  if (name.startsWith(".")) return []
  return CONTAINER.test(name) ? containerProblems(kernel, path) : [strange(path)]
}

function some(problem: Diagnostic | undefined): Diagnostic[] {
  return problem === undefined ? [] : [problem]
}

function containerProblems(kernel: Kernel, folder: string): Diagnostic[] {
  const problem = folderProblem(kernel, folder)
  if (problem !== undefined) return [problem]
  const files = kernel.list(folder).filter((name) => FILES.has(name))
  return files.flatMap((name) => fileProblem(kernel, `${folder}/${name}`) ?? [])
}

function isKept(path: string): boolean {
  return path.startsWith(`${KEPT_ROOT}/`)
}

function keptIn(path: string): string {
  return isKept(path)
    ? "what containers have written is kept there, and goes with them"
    : "what is known of running containers is kept there"
}

/** Undefined also where it is not there. All stacks' folder, and what is kept, may be looked into. */
export function folderProblem(kernel: Kernel, path: string): Diagnostic | undefined {
  const status = kernel.lstat(path)
  const wrong = notOf(kernel, path, status, "folder")
  if (wrong !== undefined || status === null) return wrong
  const { mode } = status
  if (path === RUN_ROOT || isKept(path))
    return (mode & OTHERS_WRITE) === 0 ? undefined : tooOpen(path, mode, "lets others change what is in it", isKept(path) ? "go-w" : "755")
  return (mode & OTHERS_ANYTHING) === 0 ? undefined : tooOpen(path, mode, "lets others in", "700")
}

/** Undefined also where it is not there. */
export function fileProblem(kernel: Kernel, path: string): Diagnostic | undefined {
  const status = kernel.lstat(path)
  const wrong = notOf(kernel, path, status, "file")
  if (wrong !== undefined || status === null) return wrong
  const { mode } = status
  return (mode & OTHERS_WRITE) === 0 ? undefined : tooOpen(path, mode, "lets others change it", "600")
}

/** Another sort of thing in its place, or one of another owner. */
function notOf(kernel: Kernel, path: string, status: ReturnType<Kernel["lstat"]>, sort: "file" | "folder"): Diagnostic | undefined {
  if (status === null) return undefined
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
