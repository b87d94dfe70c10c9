const UNITS: readonly (readonly [string, number])[] = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
]

/** Milliseconds of compose's durations: `10s`, `1m30s`, `500ms`, `1h`; a bare number is seconds. Undefined of anything else. */
export function parseDuration(text: string | number): number | undefined {
  const words = typeof text === "number" || /^\d+$/.test(text) ? `${text}s` : text
  const [, ...parts] = /^(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/.exec(words) ?? []
  if (parts.every((part) => part === undefined)) return undefined
  return UNITS.reduce((sum, [, ms], i) => sum + Number(parts[i] ?? 0) * ms, 0)
}

/** The way back: `1m30s`; `0s` of nothing. */
export function formatDuration(ms: number): string {
  let left = ms
  const words = UNITS.map(([unit, each]) => {
    const count = Math.floor(left / each)
    left -= count * each
    return count === 0 ? "" : `${count}${unit}`
  })
  return words.join("") || "0s"
}
