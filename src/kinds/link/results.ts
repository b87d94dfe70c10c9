import type { KernelError, NetNs, NetRequest } from "../../kernel/kernel.ts"
import { KernelError as Refusal } from "../../kernel/kernel.ts"
import type { Run, StepResult } from "../../model/driver.ts"
import type { Step } from "../../model/step.ts"

/** The first error of each step, or null: in the order of the steps. */
export type StepErrors = (KernelError | null)[]

/** Sends all steps' requests to one namespace in one go and gives each step its first error. */
export function sendAll(steps: readonly Step[], run: Run, ns: NetNs, requestsOf: (step: Step) => NetRequest[]): StepErrors {
  const perStep = steps.map(requestsOf)
  return firstErrors(perStep, run.kernel.net(ns, perStep.flat()))
}

/** The same, beside other steps. */
export async function sendAllLater(
  steps: readonly Step[],
  run: Run,
  ns: NetNs,
  requestsOf: (step: Step) => NetRequest[],
): Promise<StepErrors> {
  const perStep = steps.map(requestsOf)
  return firstErrors(perStep, await run.kernel.netLater(ns, perStep.flat()))
}

/**
 * What is to be said of links after they were made, of those that were: under the name of one that was refused, because somebody
 * else has it, nothing is ours to change.
 */
export function ofMade(steps: readonly Step[], made: StepErrors, requestsOf: (step: Step) => NetRequest[]): (step: Step) => NetRequest[] {
  const refused = new Set(steps.filter((_, i) => made[i] !== null))
  return (step) => (refused.has(step) ? [] : requestsOf(step))
}

/** Of each step the first of two errors. */
export function eitherError(one: StepErrors, other: StepErrors): StepErrors {
  return one.map((error, i) => error ?? other[i] ?? null)
}

function firstErrors(perStep: readonly NetRequest[][], answers: readonly (KernelError | null)[]): StepErrors {
  let next = 0
  return perStep.map((requests) => {
    const mine = answers.slice(next, next + requests.length)
    next += requests.length
    return firstError(mine)
  })
}

/** What the kernel says of a deletion where the thing is gone already; ENXIO: all of IPv6 has left the link, as it does below its least mtu. */
const GONE: readonly (readonly [string, readonly string[]])[] = [
  ["ip route del", ["ESRCH", "ENODEV"]],
  ["tc qdisc del", ["ENOENT"]],
  ["bridge vlan del", ["ENOENT"]],
  ["ip address del", ["EADDRNOTAVAIL", "ENXIO"]],
]

/** The same of what the kernel may have made by itself, or has no family for. */
const THERE = ["ip", "ip -6"].map((ip) => [`${ip} rule add l3mdev`, ["EEXIST", "EAFNOSUPPORT", "EOPNOTSUPP"]] as const)
const NO_MATTER = [...GONE, ...THERE]

/** The first error that matters: what is gone already, with its device or without, need not be deleted. */
export function firstError(errors: readonly (KernelError | null)[]): KernelError | null {
  return errors.find((e) => e !== null && !NO_MATTER.some(([op, errnos]) => e.op.startsWith(op) && errnos.includes(e.errno))) ?? null
}

/** The error with the link's name in the place of its index, by which it was asked for. */
export function calling(name: string, index: number, error: KernelError | null): KernelError | null {
  if (error === null) return null
  return new Refusal(
    error.op.replace(new RegExp(`\\bif${index}\\b`), () => name),
    error.errno,
    error.text,
  )
}

/** Errors as the executor wants them: a promise each. */
export function settled(steps: readonly Step[], errors: StepErrors): Promise<StepResult>[] {
  return steps.map((_, i) => Promise.resolve(resultOf(errors[i] ?? null)))
}

export function settledLater(steps: readonly Step[], errors: Promise<StepErrors>): Promise<StepResult>[] {
  return steps.map(async (_, i) => resultOf((await errors)[i] ?? null))
}

export function resultOf(error: KernelError | null): StepResult {
  return error === null ? { ok: true } : { ok: false, failure: error }
}
