import { error } from "../base/diagnostic.ts"
import type { Desired } from "../model/resource.ts"
import type { Context } from "./context.ts"
import { report } from "./context.ts"
import { EXIT } from "./exit.ts"
import type { PlanningOptions } from "./planning.ts"
import { liveStack, loadFile } from "./stack-file.ts"

/** What is wanted: the file's resources, or with `--destroy` none. */
export function desiredOf(options: PlanningOptions, context: Context): Desired {
  if (options.destroy) return { stack: liveStack(options, context).stack, resources: [] }
  return loadFile(options, context).desired
}

/** `--fail-on` met its case. */
export function refuse(reason: string, context: Context): number {
  report(context, [error("refused", `refused: ${reason}`, { detail: "--fail-on forbids it; nothing was changed" })])
  return EXIT.refused
}
