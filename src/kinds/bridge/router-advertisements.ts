import type { Kernel } from "../../kernel/kernel.ts"
import { KernelError } from "../../kernel/kernel.ts"
import type { Step } from "../../model/step.ts"
import type { StepErrors } from "../link/results.ts"
import type { BridgeAttributes } from "./spec.ts"

/**
 * Whether the host listens to routers on a bridge, set as wanted: a container that advertises itself would else give the host addresses, and a
 * way out that leads through it. No port is on a new bridge yet. A kernel without IPv6 hears none. CVE-2020-13401; ip-sysctl.rst, accept_ra
 */
export function heedRouters(steps: readonly Step[], kernel: Kernel, done: StepErrors, matters: (step: Step) => boolean): StepErrors {
  return steps.map((step, i) => (done[i] !== null || !matters(step) ? (done[i] ?? null) : heed(step, kernel)))
}

function heed({ change }: Step, kernel: Kernel): KernelError | null {
  const { interface: name, accept_ra = false } = change.after as unknown as BridgeAttributes
  try {
    kernel.write(`/proc/sys/net/ipv6/conf/${name}/accept_ra`, accept_ra ? "1" : "0")
    return null
  } catch (failure) {
    if (!(failure instanceof KernelError)) throw failure
    return failure.errno === "ENOENT" && !accept_ra ? null : failure
  }
}
