import type { Scope } from "../../model/driver.ts"
import type { Health } from "./health.ts"
import { healthPath, parseHealth } from "./health.ts"
import type { ContainerRecord } from "./record.ts"
import { hasHealthcheck } from "./spec-health.ts"

/** What the monitors of those say that have a healthcheck; it is shown, and no part of a plan. */
export function observedHealth({ kernel, stack }: Scope, records: ReadonlyMap<string, ContainerRecord | undefined>): Map<string, Health> {
  const checked = [...records].flatMap(([name, record]) => (hasHealthcheck(record?.attributes.healthcheck) ? [name] : []))
  if (checked.length === 0) return new Map()
  const texts = kernel.readMany(checked.map((name) => healthPath(stack, name)))
  return new Map(
    checked.flatMap((name, i) => {
      const health = parseHealth(texts[i] ?? null)
      return health === undefined ? [] : [[name, health] as const]
    }),
  )
}
