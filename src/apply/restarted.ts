import type { Address } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import { warning } from "../base/diagnostic.ts"
import { formatDuration } from "../base/duration.ts"
import type { ShownRestarts } from "../kinds/container/observe-restarts.ts"
import type { Plan } from "../model/plan.ts"
import type { Step } from "../model/step.ts"

/** By which a command begins. */
const BEGINNINGS: ReadonlySet<string> = new Set(["start", "restart"])

/**
 * Containers whose commands have ended although they are to run, as `after` finds them: those in their pause, and of those that the run itself
 * has begun (`done`) also the ones that their monitors have started again by now. As the file wants them all the same, so that a plan does nothing about it.
 */
export function restarted({ changes }: Plan, done: readonly Step[] = []): Diagnostic[] {
  const begun = new Set<Address>(done.flatMap(({ op, address }) => (BEGINNINGS.has(op) ? address : [])))
  return changes.flatMap(({ address, name, resource, observed }) => {
    const restarts = observed?.live.restarts as unknown as ShownRestarts | undefined
    if (restarts === undefined) return []
    const summary =
      observed?.attributes.state === "restarting" ? pausing(address, restarts) : begun.has(address) && again(address, restarts)
    if (!summary) return []
    const range = resource?.range("restart") ?? resource?.range()
    return [
      warning("restarted", summary, {
        address,
        hint: `\`stack logs ${name}\` shows what it has printed, \`stack show\` how it goes on`,
        ...(range === undefined ? {} : { range }),
      }),
    ]
  })
}

function pausing(address: Address, { pause = 0, ended }: ShownRestarts): string {
  return `${address} has ended (${ended}), and is started again after ${formatDuration(pause)}`
}

function again(address: Address, { count, last }: ShownRestarts): string | undefined {
  if (count === 0) return undefined
  return `${address} has ended since it was started (${last}), and was started again${count === 1 ? "" : `, ${count} times by now`}`
}
