import { formatDuration } from "../../base/duration.ts"
import type { Spelt, SpeltMap } from "../../model/spelt.ts"
import { withoutAbsent } from "../../model/spelt.ts"
import { hasConfig } from "../image/spec.ts"
import type { ContainerAttributes } from "./spec.ts"
import { hasHealthcheck, USUAL_HEALTHCHECK } from "./spec-health.ts"

/** What an image says itself is written out: the file's words stand above it. */
export function spellHealthcheck({ healthcheck, image }: ContainerAttributes): SpeltMap | undefined {
  if (!hasHealthcheck(healthcheck)) return hasConfig(image) ? { disable: true } : undefined
  const { test, retries } = healthcheck
  const time = (key: "interval" | "timeout" | "start_period" | "start_interval") =>
    healthcheck[key] === USUAL_HEALTHCHECK[key] && !hasConfig(image) ? undefined : formatDuration(healthcheck[key])
  return withoutAbsent({
    test: test[0] === "CMD-SHELL" ? test[1] : test,
    interval: time("interval"),
    timeout: time("timeout"),
    retries: retries === USUAL_HEALTHCHECK.retries && !hasConfig(image) ? undefined : retries,
    start_period: time("start_period"),
    start_interval: time("start_interval"),
  })
}

/** `depends_on`: a list, or with a condition a map. */
export function spellDependencies(names: readonly string[], conditions: { readonly [name: string]: string }): Spelt | undefined {
  if (names.length === 0) return undefined
  if (Object.keys(conditions).length === 0) return names
  return Object.fromEntries(names.map((name) => [name, { condition: conditions[name] ?? "service_started" }]))
}
