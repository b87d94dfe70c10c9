import type { Display } from "../render/progress.ts"
import { plainProgress } from "../render/progress-plain.ts"
import type { Context } from "./context.ts"

/** With `--json` each problem is a line too, from here on: of the file as of the steps. */
export async function tellInJson(context: Context): Promise<void> {
  const { diagnosticLine } = await import("../render/progress-json.ts")
  context.alsoTell = (diagnostic) => context.out.write(diagnosticLine(diagnostic, now()))
}

const now = () => new Date().toISOString()

/** JSON lines for programs, a live view on a terminal that can move its cursor, else a plain line for each step. */
export async function openDisplay(json: boolean, context: Context): Promise<Display> {
  if (json) {
    const { jsonProgress } = await import("../render/progress-json.ts")
    return jsonProgress((text) => context.out.write(text), now)
  }
  if (!context.err.terminal || context.environment.TERM === "dumb") return plainProgress((text) => context.err.write(text))
  const { liveProgress } = await import("../render/progress-live.ts")
  return liveProgress(process.stderr)
}
