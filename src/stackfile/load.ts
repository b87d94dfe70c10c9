import { basename, join } from "node:path"
import type { Diagnostic, Range } from "../base/diagnostic.ts"
import { error, hasErrors } from "../base/diagnostic.ts"
import type { Desired } from "../model/resource.ts"
import { assignments } from "./assignments.ts"
import { MAX_SIZE } from "./bounds.ts"
import type { Beside, BuildOptions } from "./build.ts"
import { build } from "./build.ts"
import type { Unread } from "./files.ts"
import { absolutePath, decoded, readText, shownPath, sourceFile } from "./files.ts"
import { withIncludes } from "./include.ts"
import type { MapNode } from "./node.ts"
import type { SourceFile } from "./source.ts"
import { rangeAt } from "./source.ts"

export interface LoadOptions {
  /** `-` is standard input. Absent: stack.yaml or stack.yml in `cwd`. */
  file?: string
  /** Where relative paths of options start, and what messages show paths from. */
  cwd: string
  /** Instead of the file's own name. */
  name?: string | undefined
  vars: { [name: string]: string }
  varFiles: readonly string[]
  environment: { readonly [name: string]: string | undefined }
  profiles: readonly string[]
  /** Standard input, if `file` is `-`: at most so many bytes of it. */
  stdin?: (most: number) => Buffer
  beside?: Beside
  /** Whether of a file with these texts its name is enough: then the rest is not looked through, and neither mistakes there nor a wanted state are told. */
  nameIsEnough?: (texts: readonly string[]) => boolean
}

export interface LoadedStack {
  /** Absent where there are errors. */
  desired?: Desired
  diagnostics: Diagnostic[]
  /** Texts by the names that ranges bear. */
  sources: ReadonlyMap<string, string>
  /** The resolved stack file as plain data; made when it is asked for, as most commands never do. */
  document: () => unknown
  /** The stack's name, as far as it is known. */
  name?: string
}

/**
 * The whole way from files to the wanted state. Never throws for what a user wrote: every mistake is a diagnostic, all
 * of them at once.
 */
export function loadStack(options: LoadOptions): LoadedStack {
  const sources = new Map<string, string>()
  const diagnostics: Diagnostic[] = []
  const main = openMain(options, sources, diagnostics)
  if (main === undefined)
    return { diagnostics, sources, document: noDocument, ...(options.name === undefined ? {} : { name: options.name }) }
  sources.set(main.name, main.text)
  const open = opener(options.cwd, sources)
  const over = overrideOf(main, options, open, diagnostics)
  const unread = hasErrors(diagnostics)
  const { root, partial } = withIncludes(main, open, over, diagnostics)
  const assigned = assignments(options, main.folder, sources, diagnostics)
  const folderName = options.file === "-" ? basename(options.cwd) : basename(main.folder)
  const onlyName = options.nameIsEnough?.([...sources.values()]) ?? false
  const built =
    root === undefined
      ? { document: noDocument, diagnostics: [] }
      : builtOf(root, { ...options, folderName, assigned, onlyName }, unread || partial)
  diagnostics.push(...built.diagnostics)
  const { desired, ...rest } = built
  const failed = hasErrors(diagnostics) || desired === undefined
  return { ...rest, ...(failed ? {} : { desired }), diagnostics: atMost(inOrder(diagnostics, sources)), sources }
}

const noDocument = () => null

/** Of a tree of which parts are missing only those mistakes are told that no part could mend; its name may be another. */
function builtOf(root: MapNode, options: Omit<BuildOptions, "diagnostics">, partial: boolean): Omit<LoadedStack, "sources"> {
  const diagnostics: Diagnostic[] = []
  const built = build(root, { ...options, diagnostics })
  if (!partial) return { ...built, diagnostics }
  const certain = diagnostics.filter(({ code }) => !OF_ABSENCE.has(code))
  return { document: noDocument, ...(options.name === undefined ? {} : { name: options.name }), diagnostics: certain }
}

/** What is said of a stack because something is not there. */
const OF_ABSENCE = new Set([
  ...["missing-key", "no-name", "no-subnet", "unknown-profile", "unknown-reference", "unknown-variable", "unset-variable"],
  // These rest on what is taken where nothing is written: addresses, the mtu, the ids and namespaces of a container.
  ...["unreachable-gateway", "mtu-too-small", "unmapped-user", "namespace-combination"],
])

const NAMES = ["stack.yaml", "stack.yml"] as const

function openMain(options: LoadOptions, sources: Map<string, string>, diagnostics: Diagnostic[]): SourceFile | undefined {
  if (options.file === "-") return openStdin(options, sources, diagnostics)
  if (options.file !== undefined) {
    const path = absolutePath(options.cwd, options.file)
    const read = readText(path, options.file === "" ? '""' : options.file, true)
    if ("text" in read) return sourceFile(path, options.cwd, read.text)
    const hint = read.code === "no-file" ? "check the path given with -f" : read.hint
    diagnostics.push(unread({ ...read, hint }, sourceFile(path, options.cwd, ""), sources))
    return undefined
  }
  for (const name of NAMES) {
    const path = join(options.cwd, name)
    const read = readText(path, name)
    if ("text" in read) return sourceFile(path, options.cwd, read.text)
    if (read.code === "no-file") continue
    diagnostics.push(unread(read, sourceFile(path, options.cwd, ""), sources))
    return undefined
  }
  diagnostics.push(
    error("no-stack-file", "there is no stack.yaml in this folder", { hint: "name the file with -f FILE, or write one: see examples/" }),
  )
  return undefined
}

function openStdin(options: LoadOptions, sources: Map<string, string>, diagnostics: Diagnostic[]): SourceFile | undefined {
  const read = decoded(options.stdin?.(MAX_SIZE + 1) ?? Buffer.alloc(0), "standard input")
  const file = { name: "<stdin>", folder: options.cwd, text: "" }
  if ("text" in read) return { ...file, text: read.text }
  diagnostics.push(unread(read, file, sources))
  return undefined
}

/** Why the stack file cannot be read; at the spot, where there is one. */
function unread({ code, summary, hint, spoilt }: Unread, file: SourceFile, sources: Map<string, string>): Diagnostic {
  if (spoilt === undefined) return error(code, summary, { hint })
  sources.set(file.name, spoilt.text)
  const range = rangeAt({ ...file, text: spoilt.text }, spoilt.at, spoilt.at + 1)
  return error(code, `not UTF-8: byte ${spoilt.byte}`, { hint, range })
}

function opener(cwd: string, sources: Map<string, string>) {
  const files = new Map<string, SourceFile>()
  return (named: string, from: SourceFile, range: Range | undefined): SourceFile | Diagnostic => {
    const path = absolutePath(from.folder, named)
    const known = files.get(path)
    if (known !== undefined) return known
    const read = readText(path, shownPath(path, cwd))
    if (!("text" in read)) return error(read.code, read.summary, { hint: read.hint, ...(range === undefined ? {} : { range }) })
    const file = sourceFile(path, cwd, read.text)
    files.set(path, file)
    sources.set(file.name, file.text)
    return file
  }
}

/** stack.override.yaml beside stack.yaml. */
function overrideOf(
  main: SourceFile,
  options: LoadOptions,
  open: ReturnType<typeof opener>,
  diagnostics: Diagnostic[],
): SourceFile | undefined {
  const name = basename(main.name)
  if (options.file === "-" || !NAMES.some((n) => n === name)) return undefined
  for (const override of ["stack.override.yaml", "stack.override.yml"]) {
    const found = open(override, main, undefined)
    if (!("severity" in found)) return found
    if (found.code !== "no-file") diagnostics.push(found)
  }
  return undefined
}

/** What is shown of a file full of mistakes. */
const MOST_SHOWN = 200

/** How many more there are stands last. */
function atMost(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const counts = diagnostics.filter(({ code }) => code === "too-many-errors")
  const mistakes = diagnostics.filter(({ code }) => code !== "too-many-errors")
  const more = mistakes.length - MOST_SHOWN
  const hidden = more <= 0 ? [] : [error("too-many-errors", `${more} more mistakes are not shown`)]
  return [...mistakes.slice(0, MOST_SHOWN), ...hidden, ...counts]
}

/** File by file as they were read, each from top to bottom; what has no place comes first. Replicas tell a mistake once. */
export function inOrder(diagnostics: readonly Diagnostic[], sources: ReadonlyMap<string, string>): Diagnostic[] {
  const files = new Map([...sources.keys()].map((name, i) => [name, i]))
  const rank = ({ range }: Diagnostic) => (range === undefined ? -1 : (files.get(range.file) ?? files.size))
  const place = ({ range }: Diagnostic) => range?.start ?? { line: 0, column: 0 }
  const seen = new Set<string>()
  const unique = diagnostics.filter((diagnostic) => {
    const { code, range, summary } = diagnostic
    const key = JSON.stringify([code, range, summary.replace(/\[\d+\]/g, "[]")])
    return !seen.has(key) && seen.add(key)
  })
  return unique.sort((a, b) => rank(a) - rank(b) || place(a).line - place(b).line || place(a).column - place(b).column)
}
