import type { Address } from "../base/address.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { KernelError } from "../kernel/kernel.ts"
import type { Change } from "../model/change.ts"
import type { ApplyResult } from "../model/event.ts"
import { appliedFolderOf } from "../model/ownership.ts"
import type { Plan } from "../model/plan.ts"
import type { Attributes, Snapshot, Value } from "../model/resource.ts"
import type { Applied, AppliedRecord } from "../observe/applied.ts"
import { appliedFile, appliedIn } from "../observe/applied.ts"
import { afterMoves } from "../observe/moved.ts"
import { asDeclared } from "../plan/ignored.ts"
import { canonicalJson } from "../plan/values.ts"

/**
 * Before the first step: of what is going to change nothing is known until it is done, so that an apply that is killed never makes
 * its own work look like someone else's.
 */
export function forgetChanging(kernel: Kernel, plan: Plan, snapshot: Snapshot): void {
  const known = appliedIn(snapshot)
  const left = new Map(plan.changes.flatMap((change) => entry(change, unsettled(change, known.get(change.address)))))
  write(kernel, plan.stack, snapshot, left)
}

/** After the last step, and where there was none: what is as it is wanted is known so. Nothing is kept of what nobody wants or has. */
export function rememberApplied(
  kernel: Kernel,
  plan: Plan,
  snapshot: Snapshot,
  { failed, skipped }: Pick<ApplyResult, "failed" | "skipped">,
): void {
  const known = appliedIn(snapshot)
  const open = new Set([...failed.map(({ step }) => step.address), ...skipped.map(({ step }) => step.address)])
  const settled = plan.changes.flatMap((change) => {
    const before = known.get(change.address)
    return entry(change, open.has(change.address) ? unsettled(change, before) : isLeftAlone(change) ? before : wish(change))
  })
  write(kernel, plan.stack, snapshot, new Map(settled))
}

/** What was known before a run that has been undone. */
export function restoreApplied(kernel: Kernel, stack: string, before: Snapshot): void {
  const back = new Map([...(before.moves ?? [])].map(([from, to]) => [to, from]))
  write(kernel, stack, before, appliedIn(afterMoves(before, back)))
}

function entry({ address }: Change, attributes: Entry): [Address, Attributes | null][] {
  return attributes === undefined ? [] : [[address, attributes]]
}

type Entry = Attributes | null | undefined

/** Of one that is updated nothing can be told, not even of fields that stay: the kernel drops some along with others. */
function unsettled({ action }: Change, known: Entry): Entry {
  if (known === undefined || action === "no-op") return known
  return action === "update" ? null : undefined
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
  const text = `${canonicalJson(record as unknown as Value)}\n`
  const folder = appliedFolderOf(stack)
  const present = kernel.read(appliedFile(stack))
  if (present === text) return
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
