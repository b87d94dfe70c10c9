import { createHash } from "node:crypto"
import { closeSync, openSync, readlinkSync, readSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { DiagnosticError, error } from "../base/diagnostic.ts"
import type { Change } from "../model/change.ts"
import type { Import } from "../model/imports.ts"
import type { Move } from "../model/moves.ts"
import type { Plan } from "../model/plan.ts"
import type { Desired, Resource } from "../model/resource.ts"
import type { Step } from "../model/step.ts"
import type { Selection } from "../plan/select.ts"
import type { Basis } from "../plan/stale.ts"
import type { Context } from "./context.ts"
import type { KeptResource } from "./plan-shape.ts"
import { planFileProblem } from "./plan-shape.ts"
import { withVariables } from "./stack-file.ts"

/** What `plan --out` keeps: the wish and the selection, and what the plan that came of it was like. */
export interface KeptPlan {
  desired: Desired
  selection: Selection
  /** The kernel objects it rests on. */
  basis: Basis
  /** What it was when it was made, to be looked at. */
  shown: ShownPlan
}

/** What a person and a program are shown of a plan. */
export type ShownPlan = Pick<Plan, "summary" | "hasChanges"> & { changes: ShownChange[]; steps: Omit<Step, "change">[] }
type ShownChange = Omit<Change, "resource" | "observed">

const FORMAT = "stack-plan-2"
/** With which the text of every plan begins, of whatever version. */
const PLAN_BEGINS = '{"format":"stack-plan'
const FORMAT_BYTES = PLAN_BEGINS.length

/**
 * Written whole or not at all, for its owner alone: it holds the environment of every container. What is no regular file
 * (`/dev/stdout`, a pipe) is written to as it is: nothing else may take its place.
 */
export function writePlanFile(file: string, { desired, selection, basis, shown }: KeptPlan, { cwd }: Context): void {
  const { target, exclude, replace } = selection
  const resources = desired.resources.map(({ range: _, ...rest }) => rest)
  const imports = desired.imports === undefined ? {} : { imports: desired.imports.map(({ to, id }) => ({ to, id })) }
  const moved = desired.moved === undefined ? {} : { moved: desired.moved }
  const volumes = desired.allVolumes ? { allVolumes: true as const } : {}
  const unwanted = desired.unwanted === undefined ? {} : { unwanted: desired.unwanted }
  const wish = { resources, ...moved, ...imports, ...volumes, ...unwanted }
  const kept = { format: FORMAT, stack: desired.stack, ...wish, selection: { target, exclude, replace }, basis, shown }
  const text = `${JSON.stringify({ ...kept, digest: digestOf(kept) })}\n`
  try {
    const path = resolve(cwd, file)
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) writeFileSync(path, text)
    else replacePlan(endOfLinks(path), file, text)
  } catch (failure) {
    throw failure instanceof DiagnosticError ? failure : refused(file, "written", failure as NodeJS.ErrnoException)
  }
}

/** A slip of the hand, or a link that somebody else has laid, must not cost a file that is no plan. */
function replacePlan(path: string, file: string, text: string): void {
  const present = statSync(path, { throwIfNoEntry: false }) === undefined ? "" : readAtMost(path, FORMAT_BYTES).toString("utf8")
  if (present !== "" && !present.startsWith(PLAN_BEGINS))
    throw new DiagnosticError(
      error("plan-file", `the plan file ${file} is not written: ${path} is there and is no plan`, {
        hint: "name another file, or remove that one",
      }),
    )
  replaceFile(path, text)
}

/** What a symbolic link leads to is meant, not the link: a file in its place would cut it off. The file itself may not be there yet. */
function endOfLinks(path: string): string {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return realpathSync(path)
  const target = linkTarget(path)
  return target === undefined ? path : endOfLinks(resolve(realpathSync(dirname(path)), target))
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

function replaceFile(path: string, text: string): void {
  const beside = `${path}.${process.pid}.new`
  const fd = openSync(beside, "wx", 0o600)
  try {
    writeFileSync(fd, text)
    renameSync(beside, path)
  } catch (failure) {
    rmSync(beside)
    throw failure
  } finally {
    closeSync(fd)
  }
}

export function readPlanFile(file: string, context: Context): KeptPlan {
  const { cwd } = context
  const kept = parse(readText(resolve(cwd, file), file))
  if (kept?.format !== FORMAT) {
    throw unusable(file, "is not a plan of this version of stack", "it was not written by `stack plan --out`, or by another version")
  }
  const problem = planFileProblem(kept) ?? (isAsWritten(kept) ? undefined : "it is not as `stack plan --out` wrote it")
  if (problem !== undefined) throw unusable(file, "is damaged", problem)
  const resources = kept.resources.map((resource): Resource => ({ ...resource, range: () => undefined }))
  const imports = kept.imports === undefined ? {} : { imports: kept.imports }
  const moved = kept.moved === undefined ? {} : { moved: kept.moved }
  const volumes = kept.allVolumes === undefined ? {} : { allVolumes: kept.allVolumes }
  const unwanted = kept.unwanted === undefined ? {} : { unwanted: kept.unwanted }
  const desired = { stack: kept.stack, resources, ...moved, ...imports, ...volumes, ...unwanted }
  return { desired: withVariables(desired, context), selection: kept.selection, basis: kept.basis, shown: kept.shown }
}

/** What is kept of a plan to be looked at later. */
export function shownOf({ changes, steps, summary, hasChanges }: Plan): ShownPlan {
  return {
    changes: changes.map(({ resource: _, observed: __, ...rest }) => rest),
    steps: steps.map(({ change: _, ...rest }) => rest),
    summary,
    hasChanges,
  }
}

/** A kept plan as the plan that is shown; it cannot be carried out. */
export function planShown({ desired, shown }: KeptPlan): Plan {
  const byAddress = new Map(shown.changes.map((change) => [change.address, change]))
  const steps = shown.steps.map((step): Step => ({ ...step, change: byAddress.get(step.address) as Change }))
  return { ...shown, stack: desired.stack, desired, steps }
}

interface PlanFile {
  format: string
  stack: string
  resources: KeptResource[]
  moved?: readonly Move[]
  imports?: readonly Import[]
  allVolumes?: true
  unwanted?: string
  selection: Selection
  basis: Basis
  shown: ShownPlan
  digest: string
}

/** Of what is kept, in the order in which it stands there. */
function digestOf(kept: Omit<PlanFile, "digest">): string {
  return createHash("sha256").update(JSON.stringify(kept)).digest("hex")
}

/** What was edited by hand is no plan that anyone has seen. */
function isAsWritten({ digest, ...kept }: PlanFile): boolean {
  return digest === digestOf(kept)
}

function parse(text: string): PlanFile | undefined {
  try {
    return JSON.parse(text) as PlanFile
  } catch {
    return undefined
  }
}

function readText(path: string, file: string): string {
  try {
    const bytes = readAtMost(path, MOST_BYTES + 1)
    if (bytes.length <= MOST_BYTES) return bytes.toString("utf8")
  } catch (failure) {
    throw refused(file, "read", failure as NodeJS.ErrnoException)
  }
  throw unusable(file, "is not a plan of this version of stack", `it has more than ${MOST_BYTES >> 20} MiB`)
}

/** A thousand containers need two. */
const MOST_BYTES = 64 << 20

/** A device or a pipe tells no size, and may never end. */
function readAtMost(path: string, most: number): Buffer {
  const fd = openSync(path, "r")
  try {
    const parts: Buffer[] = []
    for (let left = most; left > 0; ) {
      const part = Buffer.allocUnsafe(Math.min(left, 1 << 20))
      const count = readSync(fd, part)
      if (count === 0) break
      parts.push(part.subarray(0, count))
      left -= count
    }
    return Buffer.concat(parts)
  } finally {
    closeSync(fd)
  }
}

const FOLDER_HINT = "it is a folder: name a file in it"

/** What to do about an errno, by what was tried. */
const HINTS: { readonly [tried in "read" | "written"]: { readonly [errno: string]: string } } = {
  written: {
    EISDIR: FOLDER_HINT,
    ENOENT: "name a folder that exists, or make it first",
    ENOTDIR: "name a folder that exists: something on the path is none",
    EACCES: "check the permissions of the folder that it goes into",
  },
  read: {
    EISDIR: FOLDER_HINT,
    EACCES: "check the permissions of the file and of the folders above it",
    ENOENT: "check the path, or make one with `stack plan --out FILE`",
  },
}

/** The kernel's own text stands before the comma of Node's; the path behind it may be one that nobody has named. */
function refused(file: string, tried: keyof typeof HINTS, { code, message }: NodeJS.ErrnoException): DiagnosticError {
  const fallback = tried === "written" ? "name another place" : "make one with `stack plan --out FILE`"
  const [detail = ""] = message.split(",")
  const hint = (tried === "read" ? stackFileHint(file) : undefined) ?? HINTS[tried][code ?? ""] ?? fallback
  return new DiagnosticError(error("plan-file", `the plan file ${file} cannot be ${tried}`, { detail, hint }))
}

function unusable(file: string, what: string, detail: string): DiagnosticError {
  const hint = stackFileHint(file) ?? "make one with `stack plan --out FILE`"
  return new DiagnosticError(error("plan-file", `the plan file ${file} ${what}`, { detail, hint }))
}

/** By its name it is no plan. */
function stackFileHint(file: string): string | undefined {
  return /\.ya?ml$/.test(file) ? `a stack file is given with -f: \`-f ${file}\`` : undefined
}
