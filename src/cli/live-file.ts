import { DiagnosticError, error, hasErrors } from "../base/diagnostic.ts"
import { nearest } from "../base/nearest.ts"
import type { Import } from "../model/imports.ts"
import type { Plan } from "../model/plan.ts"
import type { Observed } from "../model/resource.ts"
import type { SpeltMap } from "../model/spelt.ts"
import { stackNames } from "../observe/run-folder.ts"
import { unmarkedObjects } from "../observe/unmarked.ts"
import { fieldText } from "../plan/cause.ts"
import { makePlan } from "../plan/plan.ts"
import { mapsChosenAfresh, wishForLive } from "../plan/rewritten.ts"
import { EVERYTHING } from "../plan/select.ts"
import { loadStack } from "../stackfile/load.ts"
import { automaticSize } from "../stackfile/spell/idmaps.ts"
import type { SpeltStack } from "../stackfile/spell/spell.ts"
import { spellStack } from "../stackfile/spell/spell.ts"
import { withImages } from "./planning.ts"
import { requireWholeReading } from "./privileges.ts"
import type { Session } from "./session.ts"
import { observeStack } from "./session.ts"

/**
 * What is live of a stack, as a stack file; with `foreign`, also what bears no mark of any stack, with the entries that adopt it. Read
 * twice: some things are only read back where a wish says how it spells them, and what the first reading and the record of the last
 * apply say is taken for that wish.
 */
export function spellLive(session: Session, foreign: boolean): SpeltStack {
  const { stack, kernel, cgroups } = session
  const first = observeStack(session, { stack, resources: [], allVolumes: true })
  requireWholeReading(first)
  const unmarked = foreign ? unmarkedObjects(kernel, cgroups, stack, first.resources.keys()) : { entries: [], left: [] }
  if (first.resources.size === 0 && unmarked.entries.length === 0) throw nothingLive(session)
  const wish = wishForLive(first, stack, automaticSize)
  const live = observeStack(session, { ...wish, imports: unmarked.entries })
  const all = [...(live.adoptions?.values() ?? [])]
  const adoptions = all.filter(({ observed }) => !isUnlimited(observed))
  const found = adoptions.flatMap(({ observed }) => observed ?? [])
  const spelt = spellStack({
    stack,
    resources: [...live.resources.values(), ...found],
    usualMaps: mapsChosenAfresh(wish, live),
    imports: adoptions.flatMap(({ entry, observed }) => (observed === undefined ? [] : [spellImport(entry)])),
  })
  const problems = adoptions.flatMap(({ problem }) => (problem === undefined ? [] : [{ address: "not adopted", why: problem.summary }]))
  const unlimited = all.length - adoptions.length
  const without = unlimited === 0 ? [] : [{ address: "cgroups", why: `${unlimited} of them have no limit, and are left out` }]
  return { document: spelt.document, left: [...spelt.left, ...problems, ...without, ...unmarked.left] }
}

/** A group that limits nothing is only a place. */
function isUnlimited(observed: Observed | undefined): boolean {
  return observed?.kind === "cgroup" && Object.keys(observed.attributes.limits ?? {}).length === 0
}

function spellImport({ to, id }: Import): SpeltMap {
  return id.startsWith("/") ? { to, path: id } : { to, name: id }
}

function nothingLive({ stack, kernel }: Session): DiagnosticError {
  const others = stackNames(kernel)
  const near = nearest(stack, others)
  const there = others.length === 0 ? "no stack is live here" : `live are ${others.join(", ")}`
  return new DiagnosticError(
    error("nothing-live", `nothing of stack ${stack} is live`, { hint: near === undefined ? there : `did you mean -p ${near}?` }),
  )
}

/** What a plan of the file would still change, a line each: what could not be said in it. */
export async function differences(text: string, session: Session, cwd: string): Promise<string[]> {
  const { desired: written, diagnostics } = loadStack({
    ...{ file: "-", cwd, vars: {}, varFiles: [], environment: {}, profiles: [] },
    stdin: () => Buffer.from(text),
  })
  if (written === undefined) return diagnostics.map(({ summary, address }) => `${address === undefined ? "" : `${address}: `}${summary}`)
  const { desired } = await withImages(session, { desired: written, selection: EVERYTHING, declared: [] })
  const { plan, diagnostics: problems } = makePlan(desired, observeStack(session, desired))
  if (hasErrors(problems)) return problems.map(({ summary }) => summary)
  return changesOf(plan)
}

function changesOf({ changes }: Plan): string[] {
  return changes.flatMap(({ address, action, cause, adopts, fields }) => {
    if (action === "no-op") return []
    if (adopts === undefined) return [`${address}: a plan would ${action} it (${cause})`]
    // To be marked is what it is there for.
    const other = fields.filter(({ path }) => path !== "alias")
    return other.length === 0 ? [] : [`${address}: to adopt ${adopts} would change ${other.map(fieldText).join(", ")}`]
  })
}
