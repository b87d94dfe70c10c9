import type { Impairment, NetRequest } from "../../../src/kernel/kernel.ts"
import type { NetCall } from "./links.ts"
import { findLink } from "./links.ts"

/** `tc qdisc replace dev LINK root …`: a kind that the machine does not have is ENOENT. A rate is kept in whole bytes, a loss in 32 bits. */
export function impairLink(call: NetCall, { link, qdisc, impair }: NetRequest & { op: "impair" }): void {
  const found = findLink(call, link)
  if (qdisc === "netem" && !call.machine.netem) call.refuse("ENOENT", "Specified qdisc kind is unknown")
  const kept: Impairment = qdisc === "netem" ? { ...impair } : { rate: impair.rate ?? 0 }
  if (kept.rate !== undefined) kept.rate -= kept.rate % 8
  found.impair = kept
}

/** `tc qdisc del dev LINK root`: what the device has of itself cannot be deleted. */
export function restoreQdisc(call: NetCall, link: number | string): void {
  const found = findLink(call, link)
  if (found.impair === undefined) call.refuse("ENOENT", "Cannot delete qdisc with handle of zero")
  delete found.impair
}
