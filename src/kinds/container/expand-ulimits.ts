import { nearest } from "../../base/nearest.ts"
import type { Entry } from "../../model/entry.ts"
import type { Bound, Ulimits } from "./spec-ulimits.ts"
import { DEFAULT_ULIMITS, ULIMIT_NAMES } from "./spec-ulimits.ts"

type BoundEntry = number | string

/** As compose writes it: one number for both, or each. */
export type UlimitsEntry = { [name: string]: BoundEntry | { soft: BoundEntry; hard: BoundEntry } }

/** The bounds that the file names and those every container has, by name. */
export function ulimitsOf(value: UlimitsEntry | undefined, entry: Entry): Ulimits {
  if (value === undefined) return DEFAULT_ULIMITS
  const found: Ulimits = { ...DEFAULT_ULIMITS }
  for (const [name, written] of Object.entries(value)) {
    if (!ULIMIT_NAMES.includes(name)) {
      unknownName(name, entry)
      continue
    }
    const one = typeof written === "object" ? written : { soft: written, hard: written }
    const [soft, hard] = [boundOf(one.soft), boundOf(one.hard)]
    if (isAbove(soft, hard)) {
      const hint = "the soft limit holds, and the hard one is as far as a process may raise it: make that one larger"
      entry.report(["ulimits", name], "bad-ulimit", `the soft limit of ${name} is above its hard one: ${soft} and ${hard}`, { hint })
    }
    found[name] = { soft, hard }
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function unknownName(name: string, entry: Entry): void {
  const near = nearest(name, ULIMIT_NAMES)
  const hint = near === undefined ? `there are ${ULIMIT_NAMES.join(", ")}` : `did you mean \`${near}\`?`
  entry.reportKey(["ulimits", name], "unknown-ulimit", `no limit is called \`${name}\``, { hint })
}

/** Docker's -1 is no bound. */
function boundOf(written: BoundEntry): Bound {
  return written === "unlimited" || Number(written) === -1 ? "unlimited" : Number(written)
}

function isAbove(soft: Bound, hard: Bound): boolean {
  return hard !== "unlimited" && (soft === "unlimited" || soft > hard)
}
