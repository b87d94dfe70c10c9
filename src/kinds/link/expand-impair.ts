import { formatDelay, formatPercent, formatRate, parseDelay, parsePercent, parseRate, USUAL_QUEUE } from "../../base/units.ts"
import type { Entry, Path } from "../../model/entry.ts"
import type { Impair } from "./spec-impair.ts"
import { DELAYS, SHARES } from "./spec-impair.ts"

/** As the file writes it. */
export type ImpairEntry = { readonly [K in Exclude<keyof Impair, "other">]?: NonNullable<Impair[K]> | null } | null

/** An hour, in nanoseconds. */
const LONGEST = 3.6e12
/** Bits a second: the least that lets the largest packet through in a minute, the most that the kernel's counts hold. */
const LEAST_RATE = 8000
const MOST_RATE = 1e12

type Canonical = (text: string) => { text?: string; problem?: string; hint?: string }

/** In canonical form; what is mistaken is reported and left out. Undefined where the file does not say it. */
export function expandImpair(entry: Pick<Entry, "report">, path: Path, value: ImpairEntry | undefined): Impair | undefined {
  if (value === undefined) return undefined
  const impair: Impair = {}
  const take = (key: Exclude<keyof Impair, "limit" | "other">, canonical: Canonical) => {
    const written = value?.[key]
    if (typeof written !== "string") return
    const { text, problem, hint } = canonical(written)
    if (problem !== undefined) entry.report([...path, key], "bad-impairment", `${key}: ${problem}`, hint === undefined ? {} : { hint })
    if (text !== undefined) impair[key] = text
  }
  for (const key of DELAYS) take(key, canonicalDelay)
  for (const key of SHARES) take(key, canonicalShare)
  take("rate", canonicalRate)
  if (typeof value?.limit === "number" && value.limit !== USUAL_QUEUE) impair.limit = value.limit
  if (impair.reorder !== undefined && impair.delay === undefined)
    entry.report([...path, "reorder"], "bad-impairment", "packets that are not delayed cannot be reordered", {
      hint: "say a `delay`, too, such as 10ms",
    })
  return impair
}

function canonicalDelay(written: string): ReturnType<Canonical> {
  const nanoseconds = parseDelay(written)
  if (nanoseconds === undefined) {
    const problem = /[a-z]/i.test(written) ? "is no whole number of nanoseconds" : "is a time without its unit"
    return { problem: `\`${written}\` ${problem}`, hint: "write a time such as 10ms" }
  }
  if (nanoseconds > LONGEST) return { problem: `\`${written}\` is more than an hour`, hint: "write 3600s at the most" }
  return nanoseconds === 0 ? {} : { text: formatDelay(nanoseconds) }
}

function canonicalShare(written: string): ReturnType<Canonical> {
  const percent = parsePercent(written)
  if (percent === undefined) return shareProblem(written)
  return percent === 0 ? {} : { text: formatPercent(percent) }
}

function shareProblem(written: string): ReturnType<Canonical> {
  const number = /^\s*([\d.]+)\s*%\s*$/.exec(written)?.[1]
  if (number !== undefined && Number(number) > 100)
    return { problem: `\`${written}\` is more than all packets`, hint: "write a percentage from 0% to 100%" }
  const meant = parsePercent(`${written}%`) === undefined ? "a percentage such as 1%" : `${written}%`
  return { problem: `\`${written}\` is no percentage of up to six digits behind the point`, hint: `write ${meant}` }
}

function canonicalRate(written: string): ReturnType<Canonical> {
  const bits = parseRate(written)
  if (bits === undefined || bits < LEAST_RATE || bits > MOST_RATE)
    return { problem: `\`${written}\` is no rate that the kernel can keep`, hint: "write a rate from 8kbit to 1tbit, such as 10mbit" }
  return { text: formatRate(bits - (bits % 8)) }
}
