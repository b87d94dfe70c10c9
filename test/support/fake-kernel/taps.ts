import type { OpenTap, TapWish } from "../../../src/kernel/kernel.ts"
import { tapTwin } from "../../../src/kernel/taps.ts"
import { addTap, dropLink } from "./links.ts"
import type { FakeProcess, Machine } from "./machine.ts"
import { callIn } from "./net.ts"
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
    const call = callIn(machine, self, ns, twin)
    const made = addTap({ ...call, refuse: (errno, text) => call.refuse(errno === "EEXIST" ? "EBUSY" : errno, text) }, tap)
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
