import { resolve } from "node:path"
import { DiagnosticError, error } from "../base/diagnostic.ts"
import type { CaptureFilter } from "../kernel/capture.ts"
import { compile } from "../packets/compile.ts"
import { needsEthernet } from "../packets/condition.ts"
import { parseFilter } from "../packets/parse.ts"
import { readCompiled } from "../packets/read-compiled.ts"
import { FILTER_SOURCE } from "../packets/words.ts"
import { readText } from "../stackfile/files.ts"
import type { Context } from "./context.ts"
import { readInput } from "./output.ts"

/** A file that says more than the longest program is none. */
const MOST_BYTES = 1 << 18

/** The filter that a person has written, word by word or as one. `keep`: so many bytes of each packet. */
export function writtenFilter(words: readonly string[], keep: number, context: Context): CaptureFilter {
  const text = words.join(" ")
  context.sources.set(FILTER_SOURCE, text)
  const condition = parseFilter(text)
  try {
    const ethernet = compile(condition, "ethernet", keep)
    return needsEthernet(condition) ? { ethernet } : { ethernet, plain: compile(condition, "network", keep) }
  } catch (failure) {
    if (!(failure instanceof RangeError)) throw failure
    throw new DiagnosticError(error("long-filter", `this filter is too long: ${failure.message}`))
  }
}

/** One that is compiled already, of a file or, `-`, standard input; whoever compiled it knows what the link's packets begin with. */
export function compiledFilter(file: string, keep: number, context: Context): CaptureFilter {
  const name = file === "-" ? "standard input" : file
  const text = file === "-" ? readInput(MOST_BYTES).toString("latin1") : contentOf(file, context)
  context.sources.set(name, text)
  const program = readCompiled(text, name, keep)
  return { ethernet: program, plain: program }
}

/** Bounded, as whatever is at that path is read. */
function contentOf(file: string, { cwd }: Context): string {
  const read = readText(resolve(cwd, file), file, true)
  if ("text" in read) return read.text
  const hint = read.code === "no-file" ? "check the path given with --bpf" : read.hint
  throw new DiagnosticError(error(read.code, read.summary, { hint }))
}
