import { join } from "node:path"
import type { Diagnostic, Range } from "../base/diagnostic.ts"
import { error, warning } from "../base/diagnostic.ts"
import { parseDotenv } from "./dotenv.ts"
import { absolutePath, readText, shownPath } from "./files.ts"
import { isFailed, spotRange } from "./node.ts"
import { parseText } from "./parse.ts"
import type { Assigned } from "./variables.ts"

const PREFIX = "STACK_VAR_"

interface Sources {
  cwd: string
  vars: { [name: string]: string }
  varFiles: readonly string[]
  environment: { readonly [name: string]: string | undefined }
}

/** All that gives variables a value, the strongest first: --var, --var-file (the later first), STACK_VAR_name, .env. */
export function assignments(options: Sources, folder: string, sources: Map<string, string>, diagnostics: Diagnostic[]): Assigned[] {
  const { cwd, vars, varFiles, environment } = options
  const flags = Object.entries(vars).map(([name, value]): Assigned => ({ name, value, from: "--var", strict: true }))
  const files = [...varFiles]
    .reverse()
    .flatMap((file) => varFile(absolutePath(cwd, file), shownPath(absolutePath(cwd, file), cwd), sources, diagnostics))
  const inherited = Object.entries(environment).flatMap(([name, value]): Assigned[] =>
    name.startsWith(PREFIX) && value !== undefined ? [{ name: name.slice(PREFIX.length), value, from: name, strict: false }] : [],
  )
  return [...flags, ...files, ...inherited, ...dotenv(join(folder, ".env"), cwd, sources, diagnostics)]
}

function dotenv(path: string, cwd: string, sources: Map<string, string>, diagnostics: Diagnostic[]): Assigned[] {
  const shown = shownPath(path, cwd)
  const read = readText(path, shown)
  if ("text" in read) return fromLines(read.text, shown, sources, diagnostics, false)
  // A folder of that name is another program's.
  if (read.code !== "no-file" && read.code !== "not-a-file") diagnostics.push(error(read.code, read.summary, { hint: read.hint }))
  return []
}

/** A file of NAME=value lines, or (`.yaml`, `.yml`, `.json`) a map of scalars. */
function varFile(path: string, shown: string, sources: Map<string, string>, diagnostics: Diagnostic[]): Assigned[] {
  const read = readText(path, shown, true)
  if (!("text" in read)) {
    diagnostics.push(error(read.code, `--var-file: ${read.summary}`, { hint: "check the path" }))
    return []
  }
  return /\.(ya?ml|json)$/.test(path)
    ? fromMap(read.text, shown, sources, diagnostics)
    : fromLines(read.text, shown, sources, diagnostics, true)
}

function fromLines(text: string, shown: string, sources: Map<string, string>, diagnostics: Diagnostic[], strict: boolean): Assigned[] {
  sources.set(shown, text)
  const { assignments: found, wrong } = parseDotenv(text)
  const lines = text.split("\n")
  const rangeOf = (line: number): Range => {
    const end = (lines[line - 1] ?? "").trimEnd().length + 1
    return { file: shown, start: { line, column: 1 }, end: { line, column: Math.max(end, 2) } }
  }
  // `.env` may have lines that only another program understands.
  const told = strict ? error : warning
  for (const line of wrong) {
    diagnostics.push(
      told("bad-line", "not a line of the form NAME=value", { hint: "write NAME=value, or # before a comment", range: rangeOf(line) }),
    )
  }
  return found.map(({ name, value, line }) => ({ name, value, from: shown, range: rangeOf(line), strict })).reverse()
}

function fromMap(text: string, shown: string, sources: Map<string, string>, diagnostics: Diagnostic[]): Assigned[] {
  sources.set(shown, text)
  const { root, diagnostics: found } = parseText({ name: shown, folder: "", text })
  diagnostics.push(...found)
  return [...(root?.entries ?? [])].flatMap(([name, { key, value }]): Assigned[] => {
    if (isFailed(value)) return []
    if (value.kind === "scalar" && value.value !== null)
      return [{ name, value: value.source, from: shown, range: spotRange(value), strict: true }]
    diagnostics.push(
      error("wrong-type", `variable \`${name}\` must be a text, number or truth value`, {
        hint: `write \`${name}: value\``,
        range: spotRange(key),
      }),
    )
    return []
  })
}
