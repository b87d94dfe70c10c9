import { formatDelay, formatPercent, formatRate, parseDelay, parsePercent, parseRate } from "../../base/units.ts"
import type { Impairment } from "../../kernel/kernel.ts"

/**
 * What befalls what a link sends, as the stack file writes it, in the shortest spelling: `{ delay: 10ms, loss: 1% }`. What does nothing is
 * left out. tc-netem(8)
 */
export type Impair = {
  delay?: string
  jitter?: string
  loss?: string
  duplicate?: string
  corrupt?: string
  reorder?: string
  rate?: string
  /** Packets that wait at the most. */
  limit?: number
  /** Only ever observed: what somebody has `tc` do besides. */
  other?: string
}

export const DELAYS = ["delay", "jitter"] as const
export const SHARES = ["loss", "duplicate", "corrupt", "reorder"] as const

export function toKernel({ rate, limit, ...words }: Impair): Impairment {
  return {
    ...numbers(DELAYS, words, parseDelay),
    ...numbers(SHARES, words, parsePercent),
    ...(rate === undefined ? {} : { rate: parseRate(rate) ?? 0 }),
    ...(limit === undefined ? {} : { limit }),
  }
}

function numbers<K extends string>(keys: readonly K[], words: { [key in K]?: string }, parse: (text: string) => number | undefined) {
  const found = keys.flatMap((key) => (words[key] === undefined ? [] : [[key, parse(words[key])] as const]))
  return Object.fromEntries(found) as { [key in K]?: number }
}

export function ofKernel({ rate, limit, other, ...rest }: Impairment): Impair {
  return {
    ...texts(DELAYS, rest, formatDelay),
    ...texts(SHARES, rest, formatPercent),
    ...(rate === undefined ? {} : { rate: formatRate(rate) }),
    ...(limit === undefined ? {} : { limit }),
    ...(other === undefined ? {} : { other }),
  }
}

function texts<K extends string>(keys: readonly K[], have: { [key in K]?: number }, format: (value: number) => string) {
  const found = keys.flatMap((key) => (have[key] === undefined ? [] : [[key, format(have[key])] as const]))
  return Object.fromEntries(found) as { [key in K]?: string }
}

/** Whether it takes more than a rate, which tbf can limit too. */
export function needsNetem(impair: Impair): boolean {
  return Object.keys(impair).some((key) => key !== "rate")
}

/** `{ impair }`, or nothing where nothing is impaired. */
export function impairing(impair: Impair | undefined): { impair?: Impair } {
  return impair === undefined || Object.keys(impair).length === 0 ? {} : { impair }
}
