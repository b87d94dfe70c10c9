import type { Diagnostic } from "../base/diagnostic.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { natProblems } from "../kinds/nat/problems.ts"
import { tableOf } from "../kinds/nat/spec.ts"
import type { Desired } from "../model/resource.ts"
import { packetFacts } from "../observe/packet-facts.ts"

/** What of this host stands in the way of packets that a stack has passed on, as planning would tell it: firewalls of others, and ports that are taken. */
export function packetProblems(kernel: Kernel, desired: Desired): Diagnostic[] {
  const { stack } = desired
  const scope = {
    ...{ kernel, stack, desired },
    get host() {
      return kernel.dump("host")
    },
    rules: () => kernel.readRules(tableOf(stack)),
  }
  const { packets } = packetFacts(scope)
  return packets === undefined ? [] : desired.resources.filter(({ kind }) => kind === "nat").flatMap((nat) => natProblems(nat, { packets }))
}
