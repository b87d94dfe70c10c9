import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import { DiagnosticError, error } from "../base/diagnostic.ts"
import type { Desired, Resource } from "../model/resource.ts"
import type { Selection } from "../plan/select.ts"
import type { Context } from "./context.ts"

/** What `plan --out` keeps: the wish and the selection, and what the plan that came of it was like. */
export interface KeptPlan {
  desired: Desired
  selection: Selection
  fingerprint: string
}

const FORMAT = "stack-plan-1"

/**
 * Written whole or not at all, for its owner alone: it holds the environment of every container. What is no regular file
 * (`/dev/stdout`, a pipe) is written to as it is: nothing else may take its place.
 */
export function writePlanFile(file: string, { desired, selection, fingerprint }: KeptPlan, { cwd }: Context): void {
  const { target, exclude, replace } = selection
  const resources = desired.resources.map(({ range: _, ...rest }) => rest)
  const kept = JSON.stringify({ format: FORMAT, stack: desired.stack, resources, selection: { target, exclude, replace }, fingerprint })
  const path = resolve(cwd, file)
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) writeFileSync(path, `${kept}\n`)
    else replaceFile(path, `${kept}\n`)
  } catch (failure) {
    throw unusable(file, "cannot be written", (failure as Error).message)
  }
}

function replaceFile(path: string, text: string): void {
  const beside = `${path}.${process.pid}.new`
  writeFileSync(beside, text, { mode: 0o600, flag: "wx" })
  try {
    renameSync(beside, path)
  } catch (failure) {
    rmSync(beside)
    throw failure
  }
}

export function readPlanFile(file: string, { cwd }: Context): KeptPlan {
  const text = readText(resolve(cwd, file), file)
  const kept = parse(text)
  if (kept?.format !== FORMAT) {
    throw unusable(file, "is not a plan of this version of stack", "it was not written by `stack plan --out`, or by another version")
  }
  const resources = kept.resources.map((resource): Resource => ({ ...resource, range: () => undefined }))
  return { desired: { stack: kept.stack, resources }, selection: kept.selection, fingerprint: kept.fingerprint }
}

interface PlanFile {
  format: string
  stack: string
  resources: Omit<Resource, "range">[]
  selection: Selection
  fingerprint: string
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
    return readFileSync(path, "utf8")
  } catch (failure) {
    throw unusable(file, "cannot be read", (failure as Error).message)
  }
}

function unusable(file: string, what: string, detail: string): DiagnosticError {
  return new DiagnosticError(error("plan-file", `the plan file ${file} ${what}`, { detail, hint: "make one with `stack plan --out FILE`" }))
}
