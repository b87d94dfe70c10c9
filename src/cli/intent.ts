import { DiagnosticError, error } from "../base/diagnostic.ts"
import { DESTRUCTION_ASKED } from "../model/plan.ts"
import type { Desired, Resource } from "../model/resource.ts"
import type { Beside } from "../stackfile/build.ts"
import type { Context } from "./context.ts"
import { report } from "./context.ts"
import { EXIT, UsageError } from "./exit.ts"
import type { PlanningOptions } from "./planning.ts"
import { loadFile, readLive } from "./stack-file.ts"

/**
 * What is wanted, the file's resources or with `--destroy` none; and what the file says, as far as it is read.
 */
export function desiredOf(
  options: PlanningOptions,
  context: Context,
  beside?: Beside,
): { desired: Desired; declared: readonly Resource[] } {
  if (!options.destroy) {
    if (options.volumes) throw new UsageError("--volumes goes with --destroy: a plan never removes a volume else")
    const { desired } = loadFile(options, context, beside)
    return { desired, declared: desired.resources }
  }
  const { volumes = false } = options
  const nameIsEnough = (texts: readonly string[]) => !texts.some((text) => COUNTS.test(text))
  const { desired, broken } = readLive(options, context, { nameIsEnough, ...(beside === undefined ? {} : { beside }) })
  if (broken && [...context.sources.values()].some((text) => text.includes("prevent_destroy"))) throw unsafe(context)
  // Where nothing is wanted, nothing is adopted.
  const { imports: _, ...rest } = desired
  return {
    desired: { ...rest, resources: [], unwanted: DESTRUCTION_ASKED, ...(volumes ? { allVolumes: true } : {}) },
    declared: desired.resources,
  }
}

/**
 * What of a file counts where nothing of it is wanted: what it protects, and by which names things went before. Words that YAML can hide
 * stand behind a backslash.
 */
const COUNTS = /prevent_destroy|moved|\\/

/** A file with mistakes does not tell what it protects. */
function unsafe({ sources }: Context): DiagnosticError {
  return new DiagnosticError(
    error("unsafe-destroy", `what \`prevent_destroy\` keeps cannot be told: ${[...sources.keys()].join(", ")} has mistakes`, {
      hint: "mend the file (`stack validate` tells where), or name the stack with -p NAME alone to destroy all of it",
    }),
  )
}

/** `--fail-on` met its case. */
export function refuse(reason: string, context: Context): number {
  report(context, [error("refused", `refused: ${reason}`, { detail: "--fail-on forbids it; nothing was changed" })])
  return EXIT.refused
}
