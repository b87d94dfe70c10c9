import type { Address } from "../base/address.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { KernelError } from "../kernel/kernel.ts"
import { drivers } from "../kinds/drivers.ts"
import type { Change } from "../model/change.ts"
import type { ApplyResult } from "../model/event.ts"
import type { Moves } from "../model/moves.ts"
import { appliedFolderOf } from "../model/ownership.ts"
import type { Plan } from "../model/plan.ts"
import type { Attributes, Snapshot, Value } from "../model/resource.ts"
import type { Applied, AppliedRecord } from "../observe/applied.ts"
import { appliedFile, appliedIn } from "../observe/applied.ts"
import { afterMoves } from "../observe/moved.ts"
import { asDeclared } from "../plan/ignored.ts"
import { sameValue } from "../plan/values.ts"

/**
 * Before the first step: of what is going to change nothing is known until it is done, so that an apply that is killed never makes
 * its own work look like someone else's.
 */
export function forgetChanging(kernel: Kernel, plan: Plan, snapshot: Snapshot): void {
  write(kernel, plan.stack, snapshot, new Map(plan.changes.flatMap(unfinishedEntries(snapshot))))
}

/** After the last step, and where there was none: what is as it is wanted is known so. Nothing is kept of what nobody wants or has. */
export function rememberApplied(
  kernel: Kernel,
  plan: Plan,
  snapshot: Snapshot,
  { failed, skipped }: Pick<ApplyResult, "failed" | "skipped">,
): void {
  const unfinished = unfinishedEntries(snapshot)
  const open = new Set([...failed.map(({ step }) => step.address), ...skipped.map(({ step }) => step.address)])
  const isDone = (change: Change) => !open.has(change.address) && !isLeftAlone(change)
  const settled = plan.changes.flatMap((change) => (isDone(change) ? entry(change.address, wish(change)) : unfinished(change)))
  write(kernel, plan.stack, snapshot, new Map(settled))
}

/** What was known before a run that has been undone; nothing of what could not be. */
export function restoreApplied(kernel: Kernel, stack: string, before: Snapshot, left: readonly Address[]): void {
  write(kernel, stack, before, new Map([...appliedAsFound(before)].filter(([address]) => !left.includes(address))))
}

/** The record under the addresses that things have in the kernel until they are moved. */
function appliedAsFound(snapshot: Snapshot): Applied {
  const { moves = new Map() } = snapshot
  return moves.size === 0 ? appliedIn(snapshot) : appliedIn(afterMoves(snapshot, former(moves)))
}

function former(moves: Moves): Moves {
  return new Map([...moves].map(([from, to]) => [to, from]))
}

function entry(address: Address, attributes: Attributes | null | undefined): [Address, Attributes | null][] {
  return attributes === undefined ? [] : [[address, attributes]]
}

/**
 * What is known of a resource as long as its change is not done. Of one that is updated nothing can be told, not even of fields that stay: the
 * kernel drops some along with others; and of what is moved by neither address, as both may be the one it has. One that is left as it is is
 * known by the address that it still has. What is made while others may change it (`ignore_drift`) is marked as not done, so that what it
 * lacks is not taken for such a change.
 */
function unfinishedEntries(snapshot: Snapshot): (change: Change) => [Address, Attributes | null][] {
  const known = appliedAsFound(snapshot)
  const back = former(snapshot.moves ?? new Map())
  return ({ action, kind, address, resource }) => {
    const from = back.get(address)
    const before = known.get(from ?? address)
    if (action === "no-op") return entry(from ?? address, before)
    if (drivers[kind].isSoughtByRecord) return [[address, null]]
    if (action === "delete" || (resource?.ignoreDrift === undefined && (action !== "update" || before === undefined))) return []
    return [...(from === undefined ? [] : entry(from, null)), [address, null]]
  }
}

/** A change that was not selected: it is a no-op, and says why. */
function isLeftAlone({ action, cause }: Change): boolean {
  return action === "no-op" && cause !== ""
}

function wish({ action, resource }: Change): Attributes | undefined {
  return action === "delete" || resource === undefined ? undefined : asDeclared(resource).attributes
}

/** A record that cannot be written is none: all that is lost is who changed what. */
function write(kernel: Kernel, stack: string, snapshot: Snapshot, applied: Applied): void {
  const record: AppliedRecord = { version: 1, boot: snapshot.host.identity.boot, attributes: Object.fromEntries(applied) }
  const text = `${JSON.stringify(record)}\n`
  const folder = appliedFolderOf(stack)
  const present = kernel.read(appliedFile(stack))
  if (present !== null && saysTheSame(present, text)) return
  if (applied.size === 0) {
    if (present !== null || kernel.stat(folder) !== null) kernel.removeTree(folder)
    return
  }
  try {
    kernel.mkdir(folder, 0o700)
    kernel.replaceFile(appliedFile(stack), text)
  } catch (failure) {
    if (!(failure instanceof KernelError)) throw failure
    kernel.removeTree(folder)
  }
}

/** Keys in another order make a text no shorter: so only what is as long is read to be compared. */
function saysTheSame(present: string, text: string): boolean {
  if (present === text || present.length !== text.length) return present === text
  try {
    return sameValue(JSON.parse(present) as Value, JSON.parse(text) as Value)
  } catch {
    return false
  }
}
