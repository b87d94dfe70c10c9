import type { Entry, Path } from "../../model/entry.ts"
import { isSoundTarget, normalPath, octalMode } from "./expand-mounts.ts"
import type { Given, GivenSource, Givens } from "./spec-given.ts"
import { CURRENT } from "./spec-given.ts"

/** An entry of `secrets:` or `configs:`. */
export interface SourceEntry {
  file?: string
  environment?: string
  content?: string
}

/** How a container names one. */
export interface LongGiven {
  source: string
  target?: string
  uid?: string | number
  gid?: string | number
  mode?: string | number
}

export interface GivenEntry {
  secrets?: (string | LongGiven)[]
  configs?: (string | LongGiven)[]
}

/** Where the contents of a secret or a config come from; undefined where that is mistaken, which is told. */
export function expandSource(value: SourceEntry, entry: Entry): GivenSource | undefined {
  const { file, environment, content } = value
  const given = (["file", "environment", "content"] as const).filter((key) => value[key] !== undefined)
  if (given.length !== 1) {
    if (given.length > 1 || !["file", "environment", "content"].some((key) => entry.has([key])))
      entry.reportKey([], "bad-source", `${entry.address} needs one source, and has ${given.length === 0 ? "none" : given.join(" and ")}`, {
        hint: "`file: PATH` or `environment: NAME`; of a config also `content: TEXT`",
      })
    return undefined
  }
  if (file !== undefined) return { file: entry.absolute(["file"], file) }
  if (content !== undefined) return { text: content }
  const name = environment as string
  if (entry.environment[name] !== undefined) return { environment: name }
  entry.report(["environment"], "no-variable", `the environment has no ${name}`, { hint: `set it for the command: ${name}=… stack …` })
  return undefined
}

const KINDS = { secrets: "secret", configs: "config" } as const

/** Files of one sort; those of a container lie each at a place of its own. */
export function givensOf(key: keyof typeof KINDS, value: GivenEntry, taken: { readonly [target: string]: unknown }, entry: Entry): Givens {
  const givens: Givens = {}
  for (const [i, one] of (value[key] ?? []).entries()) {
    const path = [key, i]
    const read = givenOf(key, typeof one === "string" ? { source: one } : one, typeof one === "string" ? path : [...path, "source"], entry)
    if (read === undefined || !isSoundTarget(read.target, path, entry)) continue
    const target = normalPath(read.target)
    if (Object.hasOwn(givens, target) || Object.hasOwn(taken, target))
      entry.report(path, "duplicate-target", `two things at ${target}`, { hint: "give one of them another target, or take it out" })
    givens[target] = read.given
  }
  return Object.fromEntries(Object.entries(givens).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** As in compose: a secret is at /run/secrets/NAME, a config at /NAME; readable by all, as no other than the container can come there. */
function givenOf(key: keyof typeof KINDS, one: Partial<LongGiven>, path: Path, entry: Entry): { target: string; given: Given } | undefined {
  const { source: name } = one
  // What the schema has found mistaken is not there.
  if (name === undefined) return undefined
  const source = entry.source(KINDS[key], name, path)
  const written = entry.written([...path.slice(0, 2), "mode"]) ?? one.mode
  const mode = octalMode(written ?? "444", [...path.slice(0, 2), "mode"], entry)
  if (source === undefined || mode === undefined) return undefined
  const given: Given = { name, ...source, uid: Number(one.uid ?? 0), gid: Number(one.gid ?? 0), mode, content: CURRENT }
  const { target = name } = one
  return {
    target: key === "secrets" && !target.includes("/") ? `/run/secrets/${target}` : target.includes("/") ? target : `/${target}`,
    given,
  }
}
