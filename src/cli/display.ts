import type { Display } from "../render/progress.ts"
import { plainProgress } from "../render/progress-plain.ts"
import type { Context } from "./context.ts"

/** JSON lines for programs, a live view on a terminal, else a plain line for each step. */
export async function openDisplay(json: boolean, context: Context): Promise<Display> {
  if (json) {
    const { diagnosticLine, jsonProgress } = await import("../render/progress-json.ts")
    const now = () => new Date().toISOString()
    context.alsoTell = (diagnostic) => context.out.write(diagnosticLine(diagnostic, now()))
    return jsonProgress((text) => context.out.write(text), now)
  }
  if (!context.err.terminal) return plainProgress((text) => context.err.write(text))
  const { liveProgress } = await import("../render/progress-live.ts")
  return liveProgress(process.stderr)
}
