import { nearest } from "../../base/nearest.ts"
import type { Entry } from "../../model/entry.ts"
import { CAPABILITIES } from "./spec-capabilities.ts"

const ALL = "ALL"

interface CapabilitiesEntry {
  cap_add?: string[]
  cap_drop?: string[]
}

/**
 * The capabilities that are kept, in the order of their numbers. What is dropped goes first, so that `cap_drop: [ALL]` with a
 * `cap_add` leaves just what is added; `ALL` added is every one but those that are dropped.
 */
export function capabilitiesOf(value: CapabilitiesEntry, entry: Entry, usual: readonly string[]): string[] {
  const add = namesOf(value, "cap_add", entry)
  const drop = namesOf(value, "cap_drop", entry)
  for (const [name, at] of drop) {
    if (!add.has(name)) continue
    entry.report(["cap_drop", at], "contradicting-capabilities", `${name} stands in \`cap_add\` and in \`cap_drop\``, {
      hint: "take it out of one",
    })
  }
  const start = drop.has(ALL) ? [] : add.has(ALL) ? CAPABILITIES : usual
  return CAPABILITIES.filter((name) => add.has(name) || (start.includes(name) && !drop.has(name)))
}

/** Names without `CAP_` in capitals, and where each stands. */
function namesOf(value: CapabilitiesEntry, key: "cap_add" | "cap_drop", entry: Entry): Map<string, number> {
  const found = new Map<string, number>()
  for (const [at, written] of (value[key] ?? []).entries()) {
    const name = written.toUpperCase().replace(/^CAP_/, "")
    if (name === ALL || CAPABILITIES.includes(name)) found.set(name, at)
    else report(entry, [key, at], written, nearest(name, [...CAPABILITIES, ALL]))
  }
  return found
}

function report(entry: Entry, path: (string | number)[], written: string, near: string | undefined): void {
  const hint = near === undefined ? "capabilities(7) has them all: NET_ADMIN, SYS_PTRACE, …; or ALL" : `did you mean \`${near}\`?`
  entry.report(path, "unknown-capability", `no capability is called \`${written}\``, { hint })
}
