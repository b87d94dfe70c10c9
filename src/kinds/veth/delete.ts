import type { Address } from "../../base/address.ts"
import { grouped } from "../../base/grouped.ts"
import { KernelError } from "../../kernel/kernel.ts"
import type { Run } from "../../model/driver.ts"
import type { Step } from "../../model/step.ts"
import { deleteEnd, isOursStill, linksAt } from "../link/delete-end.ts"
import { deleteGathered } from "../link/delete-gathered.ts"
import type { StepErrors } from "../link/results.ts"
import type { VethAttributes } from "./spec.ts"

/** An end of a pair that is to go. */
interface Doomed {
  step: Step
  container: Address
  ifindex: number
}

/** From this many in one namespace on, they go as a group. */
const MANY = 2
/** Namespaces at a time: the kernel waits beside the lock for each, and has no more room (native/lib/later.c). */
const AT_A_TIME = 4

/**
 * With one end the other goes: so of each pair the one that has more of the others beside it is deleted, with those. What is then left,
 * because an end was missing or its peer is another link, goes one by one.
 */
export async function deletePairs(steps: readonly Step[], run: Run): Promise<StepErrors> {
  const ends = steps.map(endsOf)
  const crowds = grouped(ends.flat(), ({ container }) => container)
  const crowd = ({ container }: Doomed) => crowds.get(container)?.length ?? 0
  const first = ends.flatMap((own) => own.toSorted((a, b) => crowd(b) - crowd(a)).slice(0, 1))
  const gone = await deleteByNamespace(first, run)
  return steps.map((step, i) => {
    const done = gone.get(step)
    if (done instanceof KernelError) return done
    if (done === true && step.change.observed?.incomplete === undefined) return null
    return firstFailure(ends[i] ?? [], run)
  })
}

function endsOf(step: Step): Doomed[] {
  const { endpoints = [] } = (step.change.before ?? {}) as unknown as Partial<VethAttributes>
  const live = (step.change.observed?.live.ends ?? []) as unknown as { ifindex: number }[]
  return endpoints.map(({ container }, i) => ({ step, container, ifindex: live[i]?.ifindex ?? 0 }))
}

/** Of each step whose end is gone now: true, or why it is not. */
async function deleteByNamespace(ends: readonly Doomed[], run: Run): Promise<Map<Step, true | KernelError>> {
  const groups = [...grouped(ends, ({ container }) => container).values()].filter((group) => group.length >= MANY)
  const gone = new Map<Step, true | KernelError>()
  const worker = async () => {
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) await deleteTogether(group, run, gone)
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
  return gone
}

/** The ends that are there still and the step's own. */
async function deleteTogether(group: readonly Doomed[], run: Run, gone: Map<Step, true | KernelError>): Promise<void> {
  const [{ container }] = group as [Doomed]
  const { ns, links } = linksAt(run, container)
  const byIndex = new Map(links.map((link) => [link.index, link]))
  const own = group.filter(({ step, ifindex }) => {
    const link = byIndex.get(ifindex)
    return link !== undefined && isOursStill(step, run.stack, link)
  })
  if (ns === undefined || own.length < MANY) return
  const failure = await deleteGathered(
    run,
    ns,
    own.map(({ ifindex }) => ifindex),
    links,
  )
  for (const { step } of own) gone.set(step, failure ?? true)
}

function firstFailure(ends: readonly Doomed[], run: Run): KernelError | null {
  for (const { step, container, ifindex } of ends) {
    const failure = deleteEnd(run, step, { container, ifindex })
    if (failure !== null) return failure
  }
  return null
}
