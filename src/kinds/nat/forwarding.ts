import type { Kernel } from "../../kernel/kernel.ts"
import type { RuleFamily, RuleSet } from "../../kernel/packet-rules.ts"
import { FORWARDING } from "./spec.ts"

/**
 * The comment of a chain for whose sake forwarding was switched on. It is all that is known of before, and it is in the kernel: it goes
 * when the chain goes, and nft shows it.
 */
export const WAS_OFF: { readonly [F in RuleFamily]: string } = {
  ip: `stack: ${FORWARDING.ip} was 0`,
  ip6: `stack: ${FORWARDING.ip6} was 0`,
}

export function sysctlPath(name: string): string {
  return `/proc/sys/${name.replaceAll(".", "/")}`
}

/** `0` or `1`; undefined where this kernel has no such family. */
export function forwarding(kernel: Kernel, family: RuleFamily): string | undefined {
  return kernel.read(sysctlPath(FORWARDING[family]))?.trim()
}

/** Whether it was off before stacks came: it is off now, or one of their chains says so. */
export function wasOff(kernel: Kernel, family: RuleFamily, { chains }: RuleSet): boolean {
  return chains.some((chain) => chain.family === family && chain.comment === WAS_OFF[family]) || forwarding(kernel, family) === "0"
}

export function switchOn(kernel: Kernel, family: RuleFamily): void {
  if (forwarding(kernel, family) !== "1") kernel.write(sysctlPath(FORWARDING[family]), "1")
}

/**
 * Switches it off again, before the chain that knows of it goes: if it was off, and nobody else has rules for what is passed on. Chains at
 * those hooks are how any program, and any other stack, says that it needs it.
 */
export function putBack(kernel: Kernel, family: RuleFamily, { chains }: RuleSet, leaving: { table: string; name: string }): void {
  const isLeaving = (chain: RuleSet["chains"][number]) =>
    chain.family === family && chain.table === leaving.table && chain.name === leaving.name
  const own = chains.find(isLeaving)
  if (own?.comment !== WAS_OFF[family]) return
  const others = chains.filter((chain) => !isLeaving(chain) && (chain.family === family || chain.family === "inet"))
  const needed = others.some(({ hook, type }) => hook === "forward" || type === "nat")
  if (!needed && forwarding(kernel, family) === "1") kernel.write(sysctlPath(FORWARDING[family]), "0")
}
