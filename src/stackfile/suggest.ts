import { nearest } from "../base/nearest.ts"

/** The candidate that a word was most likely meant to be. */
export type Suggest = (word: string, candidates: Iterable<string>) => string | undefined

/** Comparisons of two words that one loading may cost: nobody reads the ten thousandth hint, and each takes its time. */
const BUDGET = 100_000

/** A search for near words that gives up when too much has been searched. */
export function suggester(): Suggest {
  let left = BUDGET
  return (word, candidates) => {
    if (left <= 0) return undefined
    const list = [...candidates]
    left -= list.length
    return left < 0 ? undefined : nearest(word, list)
  }
}
