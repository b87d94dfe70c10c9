import type { SpeltMap } from "../../model/spelt.ts"
import type { Impair } from "./spec-impair.ts"

/** `{ delay: 10ms }`, without what a stack file has no words for. */
export function spellImpair(impair: Impair | undefined): SpeltMap | undefined {
  if (impair === undefined) return undefined
  const { other: _, ...words } = impair
  return Object.keys(words).length === 0 ? undefined : { ...words }
}
