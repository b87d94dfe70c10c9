import { DiagnosticError } from "../base/diagnostic.ts"
import { KernelError } from "../kernel/kernel.ts"
import type { StepResult } from "../model/driver.ts"
import { kernelDiagnostic } from "../model/explain.ts"
import type { Step } from "../model/step.ts"

/** Runs one step's work; a refusal of the kernel or a diagnostic becomes the step's result, a bug stays an exception. */
export async function attempt(step: Step, work: () => Promise<void>): Promise<StepResult> {
  try {
    await work()
    return { ok: true }
  } catch (failure) {
    return failureOf(step, failure)
  }
}

/** The same for work that does not wait: it is done when this returns. */
export function attemptNow(step: Step, work: () => void): Promise<StepResult> {
  try {
    work()
    return Promise.resolve({ ok: true })
  } catch (failure) {
    return Promise.resolve(failureOf(step, failure))
  }
}

function failureOf(step: Step, failure: unknown): StepResult {
  if (failure instanceof KernelError) return { ok: false, diagnostic: kernelDiagnostic(failure, step.address) }
  const [diagnostic] = failure instanceof DiagnosticError ? failure.diagnostics : []
  if (diagnostic === undefined) throw failure
  return { ok: false, diagnostic: { ...diagnostic, address: step.address } }
}
