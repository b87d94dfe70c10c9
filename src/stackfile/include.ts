import type { Diagnostic, Range } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import { mergeMaps } from "./merge.ts"
import type { MapNode, ScalarNode } from "./node.ts"
import { isFailed, spotRange } from "./node.ts"
import { parseText } from "./parse.ts"
import type { SourceFile } from "./source.ts"

/** Opens a file that another names; a diagnostic at the naming spot where that cannot be. */
export type OpenFile = (path: string, from: SourceFile, at: Range) => SourceFile | Diagnostic

/** Files of one stack, each counted as often as it is included. */
const MAX_FILES = 100

interface Inclusion {
  open: OpenFile
  parsed: Map<string, MapNode | undefined>
  count: number
  /** Some of it could not be read. */
  partial: boolean
  diagnostics: Diagnostic[]
}

/**
 * A file with all that it includes merged under it, later over earlier; the file itself wins, `over` over the file. What cannot be
 * read is reported, and missing: the tree is then partial.
 */
export function withIncludes(
  file: SourceFile,
  open: OpenFile,
  over: SourceFile | undefined,
  diagnostics: Diagnostic[],
): { root: MapNode | undefined; partial: boolean } {
  const work: Inclusion = { open, parsed: new Map(), count: 0, partial: false, diagnostics }
  const root = include(work, file, [])
  const override = over === undefined ? undefined : include(work, over, [])
  const merged = root !== undefined && override !== undefined ? mergeMaps(root, override) : (root ?? override)
  return { root: merged, partial: work.partial }
}

function include(work: Inclusion, file: SourceFile, chain: readonly SourceFile[]): MapNode | undefined {
  const root = parseOnce(work, file)
  if (root === undefined) return undefined
  let merged: MapNode | undefined
  for (const spot of includedNames(work, root)) {
    const part = open(work, file, spot, [...chain, file])
    if (part !== undefined) merged = merged === undefined ? part : mergeMaps(merged, part)
  }
  const own: MapNode = { ...root, entries: new Map([...root.entries].filter(([key]) => key !== "include")) }
  return merged === undefined ? own : mergeMaps(merged, own)
}

function parseOnce(work: Inclusion, file: SourceFile): MapNode | undefined {
  if (!work.parsed.has(file.name)) {
    const { root, partial, diagnostics } = parseText(file)
    work.diagnostics.push(...diagnostics)
    work.partial ||= root === undefined || partial === true
    work.parsed.set(file.name, root)
  }
  return work.parsed.get(file.name)
}

function open(work: Inclusion, from: SourceFile, spot: ScalarNode, chain: readonly SourceFile[]): MapNode | undefined {
  const range = spotRange(spot)
  const file = work.open(String(spot.value), from, range)
  if ("severity" in file) {
    work.diagnostics.push(file)
    work.partial = true
    return undefined
  }
  const cycle = chain.findIndex((other) => other.name === file.name)
  if (cycle >= 0) {
    const names = [...chain.slice(cycle), file].map((f) => f.name).join(" -> ")
    work.diagnostics.push(error("include-cycle", `files include each other: ${names}`, { hint: "take one of the includes out", range }))
    return undefined
  }
  work.count++
  if (work.count === MAX_FILES + 1)
    work.diagnostics.push(error("too-many-includes", `more than ${MAX_FILES} includes`, { hint: "put some of the files together", range }))
  work.partial ||= work.count > MAX_FILES
  return work.count > MAX_FILES ? undefined : include(work, file, chain)
}

/** `include:` is one path or a list of paths. */
function includedNames(work: Inclusion, root: MapNode): ScalarNode[] {
  const node = root.entries.get("include")?.value
  const items = node === undefined ? [] : node.kind === "list" ? node.items : [node]
  return items.filter((item): item is ScalarNode => {
    if (item.kind === "scalar" && typeof item.value === "string" && item.value !== "" && !isFailed(item)) return true
    work.partial = true
    if (isFailed(item)) return false
    work.diagnostics.push(
      error("wrong-type", "`include` takes paths of files", { hint: "write `include: [./common.yaml]`", range: spotRange(item) }),
    )
    return false
  })
}
