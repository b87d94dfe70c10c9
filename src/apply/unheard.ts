import type { Diagnostic } from "../base/diagnostic.ts"
import { warning } from "../base/diagnostic.ts"
import { formatDuration } from "../base/duration.ts"
import { signalName } from "../base/signal.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { awaited } from "../kinds/container/stop.ts"
import type { StackGroups } from "../model/driver.ts"
import type { Plan } from "../model/plan.ts"

/**
 * Containers whose end is waited for in vain: somebody has frozen what is above the stack, which is not ours to thaw, so that the signal is not
 * heard before they are killed. Who is told of it in time may thaw it.
 */
export function unheard({ steps }: Plan, kernel: Kernel, cgroups: StackGroups): Diagnostic[] {
  const stops = steps.filter(({ op, change }) => op === "stop" && change.kind === "container")
  const by = stops.length === 0 ? undefined : cgroups.frozenAbove()
  if (by === undefined) return []
  return awaited(stops, kernel).map(({ step: { address }, signal, graceMs }) =>
    warning("frozen", `${address} is frozen: it does not hear ${signalName(signal)}`, {
      address,
      detail: `by ${by}, above the stack: it is killed after its stop_grace_period, ${formatDuration(graceMs)}`,
      hint: `in that time this thaws it, and all else that is below: echo 0 > ${by}`,
    }),
  )
}
