import type { Kernel } from "../../kernel/kernel.ts"
import type { BaseChain, RuleFamily, RuleSet } from "../../kernel/packet-rules.ts"
import { FORWARDING, TABLE } from "./spec.ts"

/**
 * The comment of a chain for whose sake forwarding was switched on. It is all that is known of before, and it is in the kernel: it goes
 * when the chain goes, and nft shows it.
 */
export const WAS_OFF: { readonly [F in RuleFamily]: string } = {
  ip: `stack: ${FORWARDING.ip} was 0`,
  ip6: `stack: ${FORWARDING.ip6} was 0`,
}

/** Dots part the words of a name, and a slash is a dot in one of them. sysctl(8) */
export function sysctlPath(name: string): string {
  return `/proc/sys/${name.replace(/[./]/g, (mark) => (mark === "." ? "/" : "."))}`
}

export function sysctl(kernel: Kernel, name: string): string | undefined {
  return kernel.read(sysctlPath(name))?.trim()
}

/** Whether it was off before stacks came: it is off now, or one of their chains says so. */
export function wasOff(kernel: Kernel, family: RuleFamily, { chains }: RuleSet): boolean {
  return chains.some((chain) => chain.family === family && chain.comment === WAS_OFF[family]) || sysctl(kernel, FORWARDING[family]) === "0"
}

/** Sets a parameter that is something else; of a link that is not there yet it cannot be. */
export function setSysctl(kernel: Kernel, name: string, value: string): void {
  if (sysctl(kernel, name) !== value) kernel.write(sysctlPath(name), value)
}

/**
 * Switches forwarding off again, before the chain that knows of it goes: if it was off, and nobody else has rules for what is passed on.
 * Chains at those hooks are how any program, and any other stack, says that it needs it.
 */
export function putBack(kernel: Kernel, family: RuleFamily, { chains }: RuleSet, isLeaving: (chain: BaseChain) => boolean): void {
  const own = chains.filter((chain) => chain.family === family && isLeaving(chain))
  if (!own.some(({ comment }) => comment === WAS_OFF[family])) return
  const others = chains.filter((chain) => !isLeaving(chain) && (chain.family === family || chain.family === "inet"))
  if (!others.some(needsForwarding) && sysctl(kernel, FORWARDING[family]) === "1") kernel.write(sysctlPath(FORWARDING[family]), "0")
}

/** Of a stack only what masquerades or publishes: what keeps packets from being passed on needs none. */
function needsForwarding({ table, name, hook, type }: BaseChain): boolean {
  return table.startsWith(TABLE) ? name.startsWith("nat-") : hook === "forward" || type === "nat"
}
