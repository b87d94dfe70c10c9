import type { Run } from "../../model/driver.ts"
import type { Step } from "../../model/step.ts"
import type { StepErrors } from "../link/results.ts"
import { sendAllLater } from "../link/results.ts"
import { bridgeOf } from "./port.ts"
import type { PortAttributes } from "./spec.ts"

/** Milliseconds: how long for the kernel to see a link's carrier, which a busy machine's linkwatch may put off for a second; and between looks. */
const PATIENCE = 3000
const BETWEEN = 20

/**
 * Ports that are given back as somebody had shut them are shut when all else of them is done: the kernel opens each that gets its carrier
 * (br_port_carrier_check()), and shuts in another way than `disabled` only what has one. Where a spanning tree is it lets nobody
 * (br_set_port_state()): then such a port stays as the tree has it, and the look after the way back tells.
 */
export async function shutPorts(steps: readonly Step[], run: Run, done: StepErrors): Promise<StepErrors> {
  const shut = steps.map((step, i) => done[i] === null && isToBeShut(step, run))
  if (!shut.includes(true)) return done
  await carried(
    steps.filter((_, i) => shut[i]).map((step) => wanted(step).host_interface),
    run,
  )
  const answers = await sendAllLater(steps, run, "host", (step) => {
    const { host_interface: link, host_end } = wanted(step)
    return shut[steps.indexOf(step)] && host_end.state !== undefined ? [{ op: "port-state", link, state: host_end.state }] : []
  })
  return done.map((error, i) => error ?? answers[i] ?? null)
}

function wanted({ change }: Step): PortAttributes {
  return change.after as unknown as PortAttributes
}

function isToBeShut(step: Step, run: Run): boolean {
  const want: Partial<PortAttributes> = wanted(step)
  return want.host_end?.state !== undefined && want.master !== undefined && bridgeOf(wanted(step), run).stp !== true
}

async function carried(names: readonly string[], { kernel }: Run): Promise<void> {
  const waiting = new Set(names)
  for (let waited = 0; waiting.size > 0 && waited < PATIENCE; waited += BETWEEN) {
    if (waited > 0) await new Promise((resolve) => setTimeout(resolve, BETWEEN))
    for (const { name, state } of kernel.dump("host").links) if (state === "up") waiting.delete(name)
  }
}
