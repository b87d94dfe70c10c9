import { DiagnosticError } from "../base/diagnostic.ts"
import { KernelError } from "../kernel/kernel.ts"
import type { StepResult } from "../model/driver.ts"

/** Runs one step's work; a refusal of the kernel or a diagnostic becomes the step's result, a bug stays an exception. */
export async function attempt(work: () => Promise<void>): Promise<StepResult> {
  try {
    await work()
    return { ok: true }
  } catch (failure) {
    return failureOf(failure)
  }
}

/** The same for work that does not wait: it is done when this returns. */
export function attemptNow(work: () => void): Promise<StepResult> {
  try {
    work()
    return Promise.resolve({ ok: true })
  } catch (failure) {
    return Promise.resolve(failureOf(failure))
  }
}

function failureOf(failure: unknown): StepResult {
  if (failure instanceof KernelError) return { ok: false, failure }
  const [diagnostic] = failure instanceof DiagnosticError ? failure.diagnostics : []
  if (diagnostic === undefined) throw failure
  return { ok: false, failure: diagnostic }
}
