import type { Diagnostic } from "../base/diagnostic.ts"
import type { LinuxKernel } from "../kernel/linux.ts"
import { renderDiagnostics } from "../render/diagnostic.ts"
import { together } from "../render/together.ts"
import type { Output } from "./output.ts"

/** What a command is run in: everything of the process it may look at or write to. */
export interface Context {
  cwd: string
  environment: { [name: string]: string | undefined }
  /** The kernel that commands work on. */
  kernel(): LinuxKernel
  /** Results. */
  out: Output
  /** Progress and diagnostics. */
  err: Output
  /** Texts of the files read so far, for the frames of diagnostics; filled by `loadFile`. */
  sources: Map<string, string>
  /** An ordinary user's command, not root's: its stacks are in namespaces of its own. */
  ordinary?: true
  /** With `apply --json`: also told of each diagnostic. */
  alsoTell?: (diagnostic: Diagnostic) => void
}

/** How wide the terminal is that results go to, if it is one and says so. */
export function columnsOf(out: Output): { columns?: number } {
  const columns = out.terminal ? process.stdout.columns : 0
  return columns > 0 ? { columns } : {}
}

/** How what is written there may look. */
export function mannerOf(out: Output): { color: boolean; columns?: number } {
  return { color: out.color, ...columnsOf(out) }
}

/** Tells problems on standard error, with the lines of the file they are about. */
export function report(context: Context, diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length === 0) return
  for (const diagnostic of diagnostics) context.alsoTell?.(diagnostic)
  const columns = context.err.terminal ? process.stderr.columns : 0
  const text = renderDiagnostics(together(diagnostics), context.sources, { color: context.err.color, ...(columns > 0 ? { columns } : {}) })
  context.err.write(text.endsWith("\n") ? text : `${text}\n`)
}
