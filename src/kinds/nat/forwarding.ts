import { sysctlPath } from "../../base/sysctl-name.ts"
import type { Kernel } from "../../kernel/kernel.ts"
import { KernelError } from "../../kernel/kernel.ts"
import type { BaseChain, RuleFamily, RuleSet } from "../../kernel/packet-rules.ts"
import { forwardingFileOf } from "../../model/ownership.ts"
import { bootId } from "../container/record.ts"
import { FAMILIES, FORWARDING, TABLE } from "./spec.ts"

/**
 * The comment of a chain for whose sake forwarding was switched on. It is all that is known of before, and it is in the kernel: it goes
 * when the chain goes, and nft shows it.
 */
export const WAS_OFF: { readonly [F in RuleFamily]: string } = {
  ip: `stack: ${FORWARDING.ip} was 0`,
  ip6: `stack: ${FORWARDING.ip6} was 0`,
}

export function sysctl(kernel: Kernel, name: string): string | undefined {
  return kernel.read(sysctlPath(name))?.trim()
}

/** Families of which this stack knows that it was off, whatever has become of its chains: none of another boot. */
export type Remembered = ReadonlySet<RuleFamily>

/**
 * The same in the run folder, a copy for whoever flushes all rules, as a firewall does that is loaded anew: then no kernel interface tells it any
 * more.
 */
export function remembered(kernel: Kernel, stack: string): Remembered {
  const [boot, ...lines] = (kernel.read(forwardingFileOf(stack)) ?? "").split("\n")
  return new Set(boot === bootId(kernel) ? FAMILIES.filter((family) => lines.includes(WAS_OFF[family])) : [])
}

export function remember(kernel: Kernel, stack: string, families: readonly RuleFamily[]): void {
  const path = forwardingFileOf(stack)
  const text = [bootId(kernel), ...families.map((family) => WAS_OFF[family]), ""].join("\n")
  const present = kernel.read(path)
  if (families.length === 0 && present !== null) kernel.removeTree(path)
  if (families.length > 0 && present !== text) kernel.replaceFile(path, text)
}

/** Whether it was off before stacks came: it is off now, or one of their chains says so, or this one knows it. */
export function wasOff(kernel: Kernel, family: RuleFamily, { chains }: RuleSet, known: Remembered): boolean {
  const said = chains.some((chain) => chain.family === family && chain.comment === WAS_OFF[family])
  return said || known.has(family) || sysctl(kernel, FORWARDING[family]) === "0"
}

/** Sets a parameter that is something else; of a link that is not there yet it cannot be. */
export function setSysctl(kernel: Kernel, name: string, value: string): void {
  if (sysctl(kernel, name) !== value) kernel.write(sysctlPath(name), value)
}

/** Sets a parameter of a link to 0. One that goes meanwhile, by a step beside this one, takes it along. */
export function clearOfLink(kernel: Kernel, name: string): void {
  try {
    kernel.write(sysctlPath(name), "0")
  } catch (failure) {
    if (!(failure instanceof KernelError) || failure.errno !== "ENOENT") throw failure
  }
}

/**
 * Switches forwarding off again, before the chain that knows of it goes: if it was off, and nobody else has rules for what is passed on.
 * Chains at those hooks are how any program, and any other stack, says that it needs it.
 */
export function putBack(
  kernel: Kernel,
  family: RuleFamily,
  { chains }: RuleSet,
  isLeaving: (chain: BaseChain) => boolean,
  known: Remembered,
): void {
  const own = chains.filter((chain) => chain.family === family && isLeaving(chain))
  if (!known.has(family) && !own.some(({ comment }) => comment === WAS_OFF[family])) return
  const others = chains.filter((chain) => !isLeaving(chain) && (chain.family === family || chain.family === "inet"))
  if (!others.some(needsForwarding) && sysctl(kernel, FORWARDING[family]) === "1") kernel.write(sysctlPath(FORWARDING[family]), "0")
}

/** Of a stack only what masquerades or publishes: what keeps packets from being passed on needs none. */
function needsForwarding({ table, name, hook, type }: BaseChain): boolean {
  return table.startsWith(TABLE) ? name.startsWith("nat-") : hook === "forward" || type === "nat"
}
