import { parseDuration } from "../../base/duration.ts"
import type { Entry } from "../../model/entry.ts"
import type { HealthcheckWords } from "./spec-health.ts"
import { NO_HEALTHCHECK } from "./spec-health.ts"

/** As the file writes it. */
export interface HealthcheckEntry {
  test?: string | (string | number | boolean)[]
  interval?: string | number
  timeout?: string | number
  retries?: number
  start_period?: string | number
  start_interval?: string | number
  disable?: boolean
}

/** What `depends_on` says of one container. */
export type DependencyEntry = { condition?: string } | null

const TIMES = ["interval", "timeout", "start_period", "start_interval"] as const
const LONGEST_MS = 86_400_000

/** What the file says; undefined where it says nothing, or that there is none where no image could say otherwise. */
export function healthcheckOf(value: HealthcheckEntry | undefined, imageMaySay: boolean, entry: Entry): HealthcheckWords {
  if (value === undefined) return {}
  if (value.disable === true) return { test: [NO_HEALTHCHECK] }
  const test = testOf(value.test, entry)
  if (test === undefined && !imageMaySay && !entry.has(["healthcheck", "test"])) {
    entry.reportKey(["healthcheck"], "missing-key", `container.${entry.name}: \`healthcheck\` has no \`test\``, {
      hint: "say what is run: `test: [CMD, pg_isready]`, or `disable: true`",
    })
  }
  const times = TIMES.flatMap((key) => {
    const ms = timeOf(key, value[key], entry)
    return ms === undefined ? [] : [[key, ms] as const]
  })
  return {
    ...(test === undefined ? {} : { test }),
    ...Object.fromEntries(times),
    ...(value.retries === undefined ? {} : { retries: value.retries }),
  }
}

function testOf(written: HealthcheckEntry["test"], entry: Entry): string[] | undefined {
  if (written === undefined) return undefined
  const path = ["healthcheck", "test"]
  const words = typeof written === "string" ? ["CMD-SHELL", written] : written.map((word, i) => entry.written([...path, i]) ?? String(word))
  const [kind, ...rest] = words
  const wrong = (summary: string, hint: string) => {
    entry.report(path, "bad-healthcheck", summary, { hint })
    return undefined
  }
  switch (kind) {
    case NO_HEALTHCHECK:
      return rest.length === 0 ? [NO_HEALTHCHECK] : wrong("`NONE` stands alone", "write `test: [NONE]`")
    case "CMD":
      return (rest[0] ?? "") !== "" ? words : wrong("`CMD` has no command behind it", "write `test: [CMD, pg_isready, -q]`")
    case "CMD-SHELL":
      return rest.length === 1 && rest[0]?.trim() !== ""
        ? words
        : wrong("behind `CMD-SHELL` stands one text for the shell", 'write `test: [CMD-SHELL, "curl -f http://localhost/ || exit 1"]`')
    default:
      return wrong(
        kind === undefined ? "the test is empty" : `\`${kind}\` is neither CMD, CMD-SHELL nor NONE`,
        `write \`test: [CMD, ${words.join(", ")}${words.length === 0 ? "pg_isready" : ""}]\``,
      )
  }
}

function timeOf(key: (typeof TIMES)[number], written: string | number | undefined, entry: Entry): number | undefined {
  if (written === undefined) return undefined
  const ms = parseDuration(written)
  if (ms !== undefined && ms <= LONGEST_MS && (ms > 0 || key === "start_period")) return ms
  entry.report(["healthcheck", key], "bad-duration", `\`${written}\` is no time for \`${key}\``, {
    hint: `write it as 10s, 1m30s or 500ms; ${key === "start_period" ? "" : "more than nothing, and "}at most 24h`,
  })
  return undefined
}
