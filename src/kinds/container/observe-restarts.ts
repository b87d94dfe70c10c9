import { parseAgain } from "../../kernel/launch/again.ts"
import type { LiveMonitor, Scope } from "../../model/driver.ts"
import { endingWord } from "./ending.ts"
import type { ContainerFiles } from "./files.ts"
import type { ContainerRecord } from "./record.ts"
import { launchPath, restartsPath } from "./restarts.ts"
import { isRestarted } from "./spec-life.ts"

/** What is known of the restarts of a container that has such. */
export interface Restarts {
  /** The policy that is in force: `no` where its monitor has none to heed. */
  policy: string
  /** How often its monitor has started it again, and how it had ended before the last time: `exit 1`, `signal 9`. */
  count: number
  last?: string
}

/** Of those whose records have a policy. */
export function observedRestarts(
  { kernel, stack, monitors }: Scope,
  records: ReadonlyMap<string, ContainerRecord | undefined>,
): Map<string, Restarts> {
  const restarted = [...records].flatMap(([name, record]) => (isRestarted(record?.attributes ?? {}) && monitors.has(name) ? [name] : []))
  if (restarted.length === 0) return new Map()
  const texts = kernel.readMany(restarted.flatMap((name) => [launchPath(stack, name), restartsPath(stack, name)]))
  return new Map(
    restarted.map((name, i) => {
      const launch = parseAgain(texts[2 * i] ?? null)
      const policy = launch !== undefined && launch.monitor === monitors.get(name)?.pid ? launch.restart : "no"
      return [name, { policy, ...countIn(texts[2 * i + 1] ?? "") }]
    }),
  )
}

function countIn(text: string): Omit<Restarts, "policy"> {
  const [, count = "0", last] = /^count (\d+)\nlast (.+)\n$/.exec(text) ?? []
  return { count: Number(count), ...(last === undefined ? {} : { last }) }
}

/** Its command has ended, and its monitor is to start it again. */
export function isPausing({ state }: ContainerFiles, restarts: Restarts | undefined): boolean {
  return state.restarting !== undefined && restarts !== undefined && restarts.policy !== "no"
}

/** One that is being made for that is not the command yet: nothing of it holds. */
export function withoutProcess(monitor: LiveMonitor): LiveMonitor {
  if (!monitor.parked) return monitor
  const { init: _, parked: __, ...rest } = monitor
  return rest
}

/** As a snapshot has them. `pause`: milliseconds from the last end to the next start, where that is awaited; `ended`: how it has ended then. */
export interface ShownRestarts extends Omit<Restarts, "policy"> {
  pause?: number
  ended?: string
}

export function shownRestarts({ state }: ContainerFiles, { count, last }: Restarts, record: ContainerRecord | undefined): ShownRestarts {
  const ending = state.signal === undefined ? `exit ${state.exit}` : `signal ${state.signal}`
  return {
    count,
    ...(last === undefined ? {} : { last: endingWord(last, record?.attributes) }),
    ...(state.restarting === undefined ? {} : { pause: Number(state.restarting), ended: endingWord(ending, record?.attributes) }),
  }
}
