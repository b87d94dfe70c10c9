import { CommanderError } from "commander"
import { DiagnosticError } from "../base/diagnostic.ts"
import { KernelError } from "../kernel/kernel.ts"
import { linuxKernel } from "../kernel/linux.ts"
import { kernelDiagnostic } from "../model/explain.ts"
import type { Context } from "./context.ts"
import { report } from "./context.ts"
import { EXIT, UsageError } from "./exit.ts"
import { openOutput } from "./output.ts"
import { program } from "./program.ts"

/** Runs one command line; resolves to its exit code and never rejects. */
export async function main(argv: readonly string[], context: Context): Promise<number> {
  let code: number = EXIT.ok
  try {
    const done = (result: number) => {
      code = result
    }
    await program(context, done, argv[0]).parseAsync(argv.length === 0 ? ["--help"] : argv, { from: "user" })
    return code
  } catch (failure) {
    return explain(failure, context)
  }
}

/** The context of this process. */
export async function processContext(): Promise<Context> {
  const environment = process.env
  // `--no-color` is looked for here too: mistakes on the command line itself are told before it is understood.
  const wantsColor = (environment.NO_COLOR ?? "") === "" && environment.TERM !== "dumb" && !process.argv.includes("--no-color")
  const [out, err] = [await openOutput(1, wantsColor), await openOutput(2, wantsColor)]
  const rootless = environment.STACK_ROOTLESS !== undefined
  if (rootless) (await import("./rootless.ts")).useOwnFolders(environment)
  const ordinary = rootless || process.geteuid?.() !== 0 ? { ordinary: true as const } : {}
  return { ...ordinary, cwd: workingDirectory(), environment, kernel: linuxKernel, out, err, sources: new Map() }
}

/** A shell may stand in a folder that is gone: then only absolute paths can be read. */
function workingDirectory(): string {
  try {
    return process.cwd()
  } catch {
    return "/"
  }
}

function explain(failure: unknown, context: Context): number {
  // Help and version end that way, too.
  if (failure instanceof CommanderError) return failure.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (failure instanceof UsageError) {
    context.err.write(`error: ${failure.message}\n`)
    return EXIT.usage
  }
  if (failure instanceof DiagnosticError) report(context, failure.diagnostics)
  else if (failure instanceof KernelError) report(context, [kernelDiagnostic(failure)])
  else context.err.write(internalError(failure, context))
  return EXIT.error
}

function internalError(failure: unknown, { environment }: Context): string {
  const { message, stack } = failure instanceof Error ? failure : { message: String(failure), stack: undefined }
  if ((environment.STACK_DEBUG ?? "") !== "" && stack !== undefined) return `${stack}\n`
  return `error: internal error: ${message.split("\n")[0]} (this is a bug; STACK_DEBUG=1 shows where)\n`
}
