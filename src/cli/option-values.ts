import { InvalidArgumentError } from "commander"

export function failOn(value: string, before: readonly string[] | undefined): string[] {
  const words = value.split(",")
  const wrong = words.find((word) => !["destroy", "replace", "change"].includes(word))
  if (wrong !== undefined) throw new InvalidArgumentError("Allowed are destroy, replace, change.")
  return [...(before ?? []), ...words]
}

export function absolute(value: string): string {
  if (!value.startsWith("/")) throw new InvalidArgumentError("It must be an absolute path inside the container.")
  return value
}

/** A file that is written; what else there is to say stands on standard output. */
export function keptFile(value: string): string {
  if (value === "-")
    throw new InvalidArgumentError("A plan is kept in a file: what is printed is for reading. One that is called so is named `./-`.")
  return named(value)
}

/** The name of a file. */
export function named(value: string): string {
  if (value === "") throw new InvalidArgumentError("Name a file.")
  return value
}

export function natural(value: string): number {
  if (!/^[0-9]{1,9}$/.test(value)) throw new InvalidArgumentError("A whole number is needed.")
  return Number(value)
}

export function positive(value: string): number {
  const number = natural(value)
  if (number === 0) throw new InvalidArgumentError("It must be at least 1.")
  return number
}

/** Bytes of a packet: room for its headers at the least, and no more than tcpdump(8) reads. */
export function snaplen(value: string): number {
  const number = natural(value)
  if (number < 64 || number > 262_144) throw new InvalidArgumentError("It must be from 64 to 262144.")
  return number
}

const UNITS: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of `500ms`, `3s`, `1m`, `2h`, `1d`; a bare number is seconds. */
export function duration(value: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)?$/.exec(value)
  if (match === null) throw new InvalidArgumentError("Write it as 500ms, 3s, 1m or 2h.")
  return Number(match[1]) * (UNITS[match[2] ?? "s"] as number)
}

/** A timer of more milliseconds than 31 bits hold ends at once. */
const LONGEST = duration("24d")

/** The same of a time in which something is to come or to be: none at all would be no time for it, or for ever. */
export function span(value: string): number {
  const milliseconds = duration(value)
  if (milliseconds > 0 && milliseconds <= LONGEST) return milliseconds
  throw new InvalidArgumentError("It must be longer than nothing, and at most 24d.")
}

/** What `Date.parse` reads everywhere alike: it takes a bare number for a month or a year. ISO 8601 */
const DATE = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/

/** A moment, in milliseconds since 1970: so long ago, or that date. */
export function since(value: string): number {
  if (/^[0-9.]+(ms|s|m|h|d)$/.test(value)) return Date.now() - duration(value)
  const moment = DATE.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(moment)) throw new InvalidArgumentError("Write it as 10m, 2h, or 2030-01-31T12:00:00Z.")
  return moment
}
