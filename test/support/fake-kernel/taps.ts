import type { OpenTap, TapWish } from "../../../src/kernel/kernel.ts"
import { tapTwin } from "../../../src/kernel/taps.ts"
import { addTap, dropLink } from "./links.ts"
import type { FakeProcess, Machine } from "./machine.ts"
import { refuse } from "./machine.ts"
import { networkOf } from "./net.ts"
import type { NetLink } from "./network.ts"

interface TapCall {
  machine: Machine
  self: FakeProcess
  ns: string
  taps: Set<NetLink>
  mutate<T>(op: string, work: () => T): T
}

/** A tap is there from now on, and until the run ends if it is not kept. */
export function openTap({ machine, self, ns, taps, mutate }: TapCall, tap: TapWish): OpenTap {
  const twin = tapTwin(tap)
  const link = mutate(twin, () => {
    const refusing = (errno: string, text?: string) => refuse(twin, errno === "EEXIST" ? "EBUSY" : errno, text)
    const made = addTap(
      {
        machine,
        network: networkOf(machine, self, ns, twin),
        networkAt: (other) => networkOf(machine, self, other, twin),
        refuse: refusing,
      },
      tap,
    )
    taps.add(made)
    return made
  })
  return {
    keep: () => mutate(`keep tap ${tap.name}`, () => void taps.delete(link)),
    drop: () => {
      if (taps.delete(link)) dropLink(link)
    },
  }
}
