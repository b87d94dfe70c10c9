import type { Link, NetRequest } from "../../kernel/kernel.ts"
import { KernelError } from "../../kernel/kernel.ts"
import type { Run, StepRunner } from "../../model/driver.ts"
import { linkGroupOf } from "../../model/ownership.ts"
import type { Step } from "../../model/step.ts"
import { deleteEnd, isOursStill } from "./delete-end.ts"
import { deleteGathered, ignoreGone, nameOf } from "./delete-gathered.ts"
import { giveBack, isLent } from "./give-back.ts"
import type { StepErrors } from "./results.ts"
import { calling, settledLater } from "./results.ts"

/** From this many links on, one group deletion is quicker than one message each (the kernel waits once, not once a link). */
const MANY = 2

/** Op `delete` of every kind that is a link of the host: one runner for all, so that bridges and ports go by the same message. */
export const deleteLinks: StepRunner = (steps, run) => settledLater(steps, deleteAll(steps, run))

async function deleteAll(steps: readonly Step[], run: Run): Promise<StepErrors> {
  const inner = steps.map((step) => (isLent(step) ? giveBack(step, run) : deleteInnerEnd(step, run)))
  const outer = await deleteHostLinks(steps, run)
  return outer.map((error, i) => error ?? inner[i] ?? null)
}

/** An interface whose port is not on the host goes by its end in the container, which takes the port along from wherever that is. */
function deleteInnerEnd(step: Step, run: Run): KernelError | null {
  const { change } = step
  const { ifindex, inside } = (change.observed?.live ?? {}) as { ifindex?: number; inside?: number }
  const container = change.before?.container
  if (ifindex !== undefined || inside === undefined || typeof container !== "string") return null
  return deleteEnd(run, step, { container, ifindex: inside })
}

/**
 * Deletes the host links of the steps. The links are looked at again first: an index that by now is another's link is
 * left alone. Many are deleted as a group: the stack's own, or one made up for the purpose.
 */
async function deleteHostLinks(steps: readonly Step[], run: Run): Promise<StepErrors> {
  const dump = run.kernel.dump("host")
  const byIndex = new Map(dump.links.map((l) => [l.index, l]))
  const doomed: number[] = []
  const errors: StepErrors = steps.map((step) => {
    const index = isLent(step) ? undefined : (step.change.observed?.live.ifindex as number | undefined)
    const link = index === undefined ? undefined : byIndex.get(index)
    if (link === undefined || index === undefined) return null
    if (!isOursStill(step, run.stack, link))
      return new KernelError(`ip link del ${link.name}`, "ESTALE", "another link has taken its place by now")
    doomed.push(index)
    return null
  })
  if (doomed.length < MANY) return deleteEach(steps, run, doomed, dump.links, errors)
  const failure = await deleteAsGroup(run, doomed, dump.links)
  return errors.map((error) => error ?? failure)
}

function deleteEach(steps: readonly Step[], run: Run, doomed: readonly number[], links: readonly Link[], errors: StepErrors): StepErrors {
  const answers = run.kernel.net(
    "host",
    doomed.map((link): NetRequest => ({ op: "link-delete", link })),
  )
  const failed = new Map(doomed.map((link, i) => [link, answers[i] ? calling(nameOf(links, link), link, answers[i]) : null]))
  return errors.map((error, i) => error ?? ignoreGone(failed.get(steps[i]?.change.observed?.live.ifindex as number) ?? null))
}

/**
 * Where all that is in the stack's own group is to go, that group needs no gathering. Unless something is to come: the deletion is done
 * beside other steps, and would take along what they make meanwhile.
 */
async function deleteAsGroup(run: Run, doomed: readonly number[], links: readonly Link[]): Promise<KernelError | null> {
  const own = linkGroupOf(run.stack)
  const gathered = new Set(links.filter((link) => link.group === own).map((link) => link.index))
  const nothingComes = run.desired.resources.length === 0
  const complete = nothingComes && gathered.size === doomed.length && doomed.every((index) => gathered.has(index))
  return deleteGathered(run, "host", doomed, links, complete ? own : undefined)
}
