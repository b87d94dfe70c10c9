import type { Impairment, Kernel, LinkRef, NetRequest } from "../../kernel/kernel.ts"
import type { Impair } from "./spec-impair.ts"
import { impairing, needsNetem, ofKernel, toKernel } from "./spec-impair.ts"

/** What a live link impairs, as an attribute; nothing of one that impairs nothing. */
export function observedImpair(live: Impairment | undefined): { impair?: Impair } {
  return live === undefined ? {} : impairing(ofKernel(live))
}

/**
 * What makes `have` into `want`, in place. Where somebody has the kernel do more than a stack file can say, all of that goes first: a
 * change leaves as it is what it does not speak of.
 */
export function impairChanges(kernel: Kernel, link: LinkRef, have: Impair | undefined, want: Impair | undefined): NetRequest[] {
  const [before, after] = [have ?? {}, want ?? {}]
  if (sameImpair(before, after)) return []
  const wanted = Object.keys(after).length > 0
  const remove: NetRequest[] =
    before.other === undefined && (wanted || Object.keys(before).length === 0) ? [] : [{ op: "impair-delete", link }]
  return wanted ? [...remove, impairRequest(kernel, link, after)] : remove
}

/** By netem, and what is a rate alone by tbf where the kernel has no netem. */
export function impairRequest(kernel: Kernel, link: LinkRef, impair: Impair): NetRequest {
  const qdisc = needsNetem(impair) || kernel.hasQdisc("netem") ? "netem" : "tbf"
  return { op: "impair", link, qdisc, impair: toKernel(impair) }
}

function sameImpair(a: Impair, b: Impair): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof Impair>
  return [...keys].every((key) => a[key] === b[key])
}
