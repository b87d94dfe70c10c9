import type { Desired, Observed } from "../../model/resource.ts"
import { planText } from "../../render/plan.ts"
import { jsonText } from "../../render/printable.ts"
import { liveResources, showJson, showText } from "../../render/show.ts"
import { endsText } from "../../render/show-ends.ts"
import type { Context } from "../context.ts"
import { mannerOf, report } from "../context.ts"
import { EXIT } from "../exit.ts"
import { readEnds } from "../live-ends.ts"
import { incompleteReading } from "../privileges.ts"
import { observeStack, openSession } from "../session.ts"
import type { FileOptions } from "../stack-file.ts"
import { liveStack } from "../stack-file.ts"

/** What is live; or of a kept plan what it was when it was made. */
export async function show(options: FileOptions & { json: boolean }, planFile: string | undefined, context: Context): Promise<number> {
  if (planFile !== undefined) return showPlan(planFile, options.json, context)
  // What is live has the name that it has, whatever the file will call it.
  const { moved: _, ...desired } = liveStack(options, context)
  const session = openSession(desired.stack, context)
  const snapshot = observeStack(session, { ...desired, allVolumes: true })
  report(context, incompleteReading(snapshot))
  const uptime = Number.parseFloat(session.kernel.read("/proc/uptime") ?? "0")
  const observed = inFileOrder([...snapshot.resources.values()], desired)
  const ends = readEnds(session.kernel, observed)
  const resources = liveResources(observed, uptime, ends)
  if (options.json) context.out.write(`${jsonText(showJson(desired.stack, resources))}\n`)
  else if (resources.length === 0) context.err.write(`Nothing of stack ${desired.stack} is live.\n`)
  else {
    const how = mannerOf(context.out)
    context.out.write(showText(resources, how) + endsText([...ends.values()].flat(), how))
  }
  return EXIT.ok
}

async function showPlan(file: string, json: boolean, context: Context): Promise<number> {
  const { planShown, readPlanFile } = await import("../plan-file.ts")
  const kept = readPlanFile(file, context)
  const plan = planShown(kept)
  if (json) {
    const { planJson } = await import("../../render/plan-json.ts")
    context.out.write(`${jsonText(planJson(plan, kept.basis.fingerprint))}\n`)
  } else context.out.write(planText(plan, mannerOf(context.out)))
  return EXIT.ok
}

/** What the file does not name comes last, by address. */
function inFileOrder(observed: readonly Observed[], desired: Desired): Observed[] {
  const order = new Map(desired.resources.map(({ address }, i) => [address, i]))
  const place = ({ address }: Observed) => order.get(address) ?? order.size
  const byAddress = new Intl.Collator("en", { numeric: true })
  return [...observed].sort((a, b) => place(a) - place(b) || byAddress.compare(a.address, b.address))
}
