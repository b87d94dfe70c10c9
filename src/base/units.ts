/** Packets that wait in netem at the most where nobody says how many. tc-netem(8) */
export const USUAL_QUEUE = 1000

/** Nanoseconds in each unit of tc(8)'s times, the largest first. */
const TIMES: readonly (readonly [string, number])[] = [
  ["s", 1e9],
  ["ms", 1e6],
  ["us", 1e3],
  ["ns", 1],
]

/** Bits a second in each unit of tc(8)'s rates, the largest first: powers of a thousand. */
const RATES: readonly (readonly [string, number])[] = [
  ["tbit", 1e12],
  ["gbit", 1e9],
  ["mbit", 1e6],
  ["kbit", 1e3],
  ["bit", 1],
]

/** Nanoseconds of `10ms`, `1.5s`, `500us`. Undefined of anything else, and of parts of a nanosecond. */
export function parseDelay(text: string): number | undefined {
  return inUnits(text, TIMES)
}

/** The shortest exact spelling: `10ms`, `1500us`. */
export function formatDelay(nanoseconds: number): string {
  return spelt(nanoseconds, TIMES)
}

/** Bits a second of `10mbit`, `1.5gbit`. Undefined of anything else, and of parts of a bit. */
export function parseRate(text: string): number | undefined {
  return inUnits(text, RATES)
}

/** The shortest exact spelling: `10mbit`, `1500kbit`. */
export function formatRate(bits: number): string {
  return spelt(bits, RATES)
}

/** Digits behind the point of a percentage: what 32 bits hold of a probability gives so many back. */
const DIGITS = 6

/** 1 of `1%`, 0.25 of `0.25%`. Undefined of anything else, of more than 100 and of more digits than the kernel holds. */
export function parsePercent(text: string): number | undefined {
  const [, number = "", , decimals = ""] = /^\s*(\d{1,3}(\.(\d+))?)\s*%\s*$/.exec(text) ?? []
  const percent = Number(number)
  return number === "" || percent > 100 || decimals.length > DIGITS ? undefined : percent
}

/** `1%`, `0.25%`: to six digits behind the point. */
export function formatPercent(percent: number): string {
  return `${Number(percent.toFixed(DIGITS))}%`
}

function inUnits(text: string, units: typeof TIMES): number | undefined {
  const [, number, unit = ""] = /^\s*(\d{1,12}(?:\.\d{1,9})?)\s*([a-z]+)\s*$/i.exec(text) ?? []
  const each = units.find(([name]) => name === unit.toLowerCase())?.[1]
  if (number === undefined || each === undefined) return undefined
  const value = Number(number) * each
  const whole = Math.round(value)
  return Math.abs(value - whole) > 1e-6 * Math.max(1, value / 1e9) || !Number.isSafeInteger(whole) ? undefined : whole
}

function spelt(value: number, units: typeof TIMES): string {
  const [unit, each] = units.find(([, size]) => value >= size && value % size === 0) ?? (units.at(-1) as (typeof units)[number])
  return `${value / each}${unit}`
}
