import type { Diagnostic } from "../base/diagnostic.ts"
import { DiagnosticError, error } from "../base/diagnostic.ts"
import { KernelError } from "../kernel/kernel.ts"
import type { Run } from "../model/driver.ts"
import { kernelDiagnostic } from "../model/explain.ts"
import type { Step } from "../model/step.ts"
import { refusedField } from "./refused-field.ts"

/** A step's failure as it is told: of which resource, where in the file it (or the refused field) is written, and what to do. */
export function failureDiagnostic(step: Step, failure: KernelError | Diagnostic, run: Run): Diagnostic {
  if (!(failure instanceof KernelError)) return { ...placed(step, undefined), ...failure, address: step.address }
  const refusal = withNames(failure, run)
  const { field, hint } = refusedField(step, refusal, run) ?? {}
  return { ...kernelDiagnostic(refusal, step.address), ...(hint === undefined ? {} : { hint }), ...placed(step, field) }
}

/** What a driver throws is a refusal that it did not expect, or a bug in it. */
export function thrownFailure(step: Step, thrown: unknown): KernelError | Diagnostic {
  if (thrown instanceof KernelError) return thrown
  const [diagnostic] = thrown instanceof DiagnosticError ? thrown.diagnostics : []
  return diagnostic ?? internalError(step, thrown)
}

function internalError(step: Step, thrown: unknown): Diagnostic {
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
  return error("internal-error", `internal error in ${step.id}`, {
    detail: text,
    hint: "this is a bug in stack, not in the stack file: please report it with these lines",
    address: step.address,
  })
}

/** A resource that is only in the kernel has no place in the file. */
function placed({ change }: Step, field: string | undefined): Pick<Diagnostic, "range"> {
  const range = (field === undefined ? undefined : change.resource?.range(field)) ?? change.resource?.range()
  return range === undefined ? {} : { range }
}

/** Containers in the place of the files by which their namespaces are held: `netns container.web`. */
function withNames({ op, errno, text }: KernelError, run: Run): KernelError {
  const named = (words: string) => words.replace(/\/proc\/(\d+)\/(fd|ns)\/\w+/g, (path, pid) => holderOf(run, path, Number(pid)) ?? path)
  return new KernelError(named(op), errno, named(text))
}

function holderOf(run: Run, path: string, pid: number): string | undefined {
  for (const [address, { netns, utsns, ipcns, init }] of run.born)
    if ([netns, utsns, ipcns].includes(path) || (init as { pid?: number } | undefined)?.pid === pid) return address
  return undefined
}
