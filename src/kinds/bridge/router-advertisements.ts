import type { Kernel, KernelError } from "../../kernel/kernel.ts"
import type { Step } from "../../model/step.ts"
import { setAcceptRa } from "../link/accept-ra.ts"
import type { StepErrors } from "../link/results.ts"
import type { BridgeAttributes } from "./spec.ts"

/** Whether the host listens to routers on a bridge, set as wanted. No port is on a new bridge yet. */
export function heedRouters(steps: readonly Step[], kernel: Kernel, done: StepErrors, matters: (step: Step) => boolean): StepErrors {
  return steps.map((step, i) => (done[i] !== null || !matters(step) ? (done[i] ?? null) : heed(step, kernel)))
}

function heed({ change }: Step, kernel: Kernel): KernelError | null {
  const { interface: name, accept_ra = false } = change.after as unknown as BridgeAttributes
  return setAcceptRa(kernel, name, accept_ra)
}
