import type { Spot } from "./spots.ts"
import { placeText, sameSpot } from "./spots.ts"

/** Words of a clash. */
export interface ClashWords {
  code: string
  /** `address 10.20.0.2` */
  what(value: string): string
  hint: string
  /** Of replicas that all have one value. */
  replicasHint: string
}

/** Finds values that two have. The second is told, with the place of the first; replicas of one entry are told once. `told`: places of which nothing more is said. */
export function clashFinder(words: ClashWords, told = new Set<string>()): (value: string, spot: Spot) => void {
  const holders = new Map<string, Spot>()
  return (value, spot) => {
    const holder = holders.get(value)
    if (holder === undefined) {
      holders.set(value, spot)
      return
    }
    const place = `${value} ${placeText(spot)}`
    if (told.has(place)) return
    told.add(place)
    const replicas = sameSpot(holder, spot)
    const summary = replicas
      ? `${words.what(value)} is given to every replica`
      : `${words.what(value)} is ${holder.who}'s already (${placeText(holder)})`
    spot.entry.report(spot.path, words.code, summary, { hint: replicas ? words.replicasHint : words.hint })
  }
}
