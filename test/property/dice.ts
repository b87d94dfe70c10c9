/** Chance out of a seed: the same seed, the same throws. */
export interface Dice {
  /** True as often as not. */
  chance(): boolean
  /** A whole number from 0 up to `count`. */
  below(count: number): number
  pick<T>(...options: readonly T[]): T
  shuffled<T>(list: readonly T[]): T[]
}

export function diceOf(seed: number): Dice {
  let state = seed >>> 0
  /** mulberry32: from 0 up to 1. */
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (count: number) => Math.floor(next() * count)
  return {
    chance: () => next() < 0.5,
    below,
    pick: (...options) => options[below(options.length)] as (typeof options)[number],
    shuffled(list) {
      const rest = [...list]
      return list.map(() => rest.splice(below(rest.length), 1)[0] as (typeof list)[number])
    },
  }
}
