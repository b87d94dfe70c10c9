import { missing } from "../support/skip.ts"
import type { Target } from "./targets.ts"
import { tableOf } from "./targets.ts"

/** A part of the bench that is chosen by itself: what it measured against what is to be reached. */
export interface Part {
  /** Heading of its section in the document, the same in every run. */
  title: string
  /** What is measured, and how. */
  about: string
  targets: readonly Target[]
  /** What this machine lacks, and what was not measured for the want of it. */
  lacks: readonly string[]
}

/** The part's section of the document, as Markdown. `when`: the date and the machine. */
export function sectionOf({ title, about, targets, lacks }: Part, when: string): string {
  return [`## ${title}`, about, when, tableOf(targets), ...lacks.map((what) => `Not measured: ${what}.`)].join("\n\n")
}

/** Why something cannot be measured on this machine; undefined where it can. */
export function lacking(what: string, ...programs: string[]): string | undefined {
  const why = missing(...programs)
  return why === undefined ? undefined : `${what}: ${why}`
}
