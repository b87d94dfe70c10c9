import { lockIds } from "../apply/id-lock.ts"
import type { Address } from "../base/address.ts"
import type { ContainerAttributes, IdRange } from "../kinds/container/spec.ts"
import type { Event } from "../model/event.ts"
import type { Plan } from "../model/plan.ts"
import type { Desired } from "../model/resource.ts"
import { stepId } from "../model/step.ts"
import { idsOfOthers } from "../observe/host.ts"
import type { Display } from "../render/progress.ts"
import type { Context } from "./context.ts"
import type { Prepared, Wish } from "./planning.ts"
import { preparePlan } from "./planning.ts"
import type { Session } from "./session.ts"

/** A plan whose automatic id ranges nobody else can be given any more. */
export interface Reserved {
  prepared: Prepared
  /** Hears of the steps, and lets the next one choose as soon as every record is written. */
  display: Display
  release(): void
}

/**
 * Two stacks that are applied at once must not choose the same range: from here on until the records are written only this one
 * chooses. What others have been given since the plan was made makes it be made again.
 */
export async function reserveIds(prepared: Prepared, wish: Wish, session: Session, display: Display, context: Context): Promise<Reserved> {
  const fresh = freshContainers(prepared.plan, wish.desired)
  if (fresh.size === 0) return { prepared, display, release: () => undefined }
  const lock = await lockIds(session.kernel)
  try {
    const { takenIds } = idsOfOthers(session.kernel, session.stack)
    const chosen = [...rangesOf(prepared.plan.desired, fresh)]
    const stale = chosen.some((range) => takenIds.some((taken) => overlap(range, taken)))
    return until(stale ? preparePlan(session, wish, context) : prepared, fresh, display, lock)
  } catch (failure) {
    lock.release()
    throw failure
  }
}

/** The containers that are made in this run with a range that was left to the planner. */
function freshContainers(plan: Plan, wished: Desired): Set<Address> {
  const automatic = wished.resources.filter(({ kind, attributes }) => kind === "container" && !Array.isArray(attributes.uid_map))
  const made = new Set(plan.steps.filter((step) => step.op === "cgroup").map((step) => step.address))
  return new Set(automatic.map(({ address }) => address).filter((address) => made.has(address)))
}

function rangesOf(desired: Desired, addresses: ReadonlySet<Address>): IdRange[] {
  const containers = desired.resources.filter(({ address }) => addresses.has(address))
  return containers.flatMap(({ attributes }) => {
    const { uid_map, gid_map } = attributes as unknown as ContainerAttributes
    return [uid_map, gid_map].flatMap((map) => (Array.isArray(map) ? map : []))
  })
}

function overlap(a: Pick<IdRange, "host" | "count">, b: Pick<IdRange, "host" | "count">): boolean {
  return a.host < b.host + b.count && b.host < a.host + a.count
}

function until(prepared: Prepared, fresh: ReadonlySet<Address>, display: Display, lock: { release(): void }): Reserved {
  const open = new Set([...fresh].map((address) => stepId(address, "cgroup")))
  let held = true
  const release = () => {
    if (held) lock.release()
    held = false
  }
  const hear = (event: Event) => {
    if (event.type === "step-done" || event.type === "step-failed" || event.type === "step-skipped") open.delete(event.step.id)
    if (open.size === 0) release()
  }
  const emit = (event: Event) => {
    hear(event)
    display.emit(event)
  }
  return { prepared, display: { ...display, emit }, release }
}
