import type { Plan } from "../../model/plan.ts"
import type { Desired } from "../../model/resource.ts"
import { EVERYTHING } from "../../plan/select.ts"
import type { Graph } from "../../render/graph.ts"
import { stepGraph, topology, withGroups } from "../../render/graph.ts"
import type { Context } from "../context.ts"
import { columnsOf } from "../context.ts"
import { EXIT } from "../exit.ts"
import { preparePlan, withImages } from "../planning.ts"
import { openSession } from "../session.ts"
import type { FileOptions } from "../stack-file.ts"
import { loadFile } from "../stack-file.ts"

export interface GraphOptions extends FileOptions {
  format: "dot" | "text"
  plan: boolean
}

/** The topology, out of the file alone; or the steps of a plan. */
export async function graph(options: GraphOptions, context: Context): Promise<number> {
  const { desired } = loadFile(options, context)
  const drawn = options.plan ? stepGraph(await planned(desired, context)) : withGroups(topology(desired), desired)
  if (drawn.nodes.length === 0) context.err.write("Nothing to draw.\n")
  context.out.write(await draw(drawn, options.format, columnsOf(context.out).columns))
  return EXIT.ok
}

async function planned(desired: Desired, context: Context): Promise<Plan> {
  const session = openSession(desired.stack, context)
  return preparePlan(session, await withImages(session, { desired, selection: EVERYTHING, declared: desired.resources }), context).plan
}

/** A drawing whose lines wrap shows nothing: there it is a list. */
async function draw(drawn: Graph, format: GraphOptions["format"], columns = Number.POSITIVE_INFINITY): Promise<string> {
  if (format === "dot") return (await import("../../render/graph-dot.ts")).graphDot(drawn)
  const text = (await import("../../render/graph-text.ts")).graphText(drawn)
  if (text.split("\n").every((line) => line.length <= columns)) return text
  return (await import("../../render/graph-list.ts")).graphList(drawn, columns)
}
